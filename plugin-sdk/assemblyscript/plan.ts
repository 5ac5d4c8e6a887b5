// What a plugin answers with: a Plan, or a ScrubPlan.
import { Check } from "./check";
import { Expr, concat, field, lit } from "./expr";
import { Writer } from "./wire";

/** What becomes of a request. Methods add to it and return it. */
export class Plan {
  private edits: Writer = new Writer();
  private acts: Writer = new Writer();
  private checks: Writer = new Writer();
  private upstream: string = "";
  private bodyMode: u32 = 0;
  private digests: u64 = 0;
  private bodySize: u64 = 0;
  private bodyContext: string = "";
  private refusal: Writer | null = null;
  private inspects: bool = false;

  setHeader(name: string, value: Expr): Plan { return this.edit(1, name, value); }
  addHeader(name: string, value: Expr): Plan { return this.edit(2, name, value); }
  removeHeader(name: string): Plan { return this.edit(3, name, null); }
  setQuery(name: string, value: Expr): Plan { return this.edit(4, name, value); }
  addQuery(name: string, value: Expr): Plan { return this.edit(5, name, value); }
  removeQuery(name: string): Plan { return this.edit(6, name, null); }
  /** The whole upstream path. It must hold no credential field. */
  setPath(path: string): Plan { return this.edit(7, "", lit(path)); }
  setRawQuery(query: string): Plan { return this.edit(8, "", lit(query)); }
  /** A top-level field of the request's JSON body. The view must have shown the body whole. */
  setJSON(name: string, value: Expr): Plan { return this.edit(9, name, value); }
  /** A field of the request's form body, likewise. */
  setForm(name: string, value: Expr): Plan { return this.edit(10, name, value); }

  /** Chooses one of the manifest's upstreams. */
  to(upstream: string): Plan {
    this.upstream = upstream;
    return this;
  }

  /** Says that the request does an operation; with a method where the resource is another path than its own. */
  act(name: string, cls: u32, resource: string, method: string = ""): Plan {
    const m = new Writer();
    m.text(1, name);
    m.number(2, cls);
    m.raw(3, resource);
    m.text(4, method);
    this.acts.message(3, m);
    return this;
  }

  /** Refuses the request unless it holds. */
  check(c: Check): Plan {
    this.checks.message(4, c.encode());
    return this;
  }

  /** Has the host read the whole body, up to 1 MiB, before it computes anything, so that digest() may stand in values. */
  hashBody(): Plan {
    this.bodyMode = 1;
    return this;
  }

  /** Takes the body through the Body that serve was given, and keeps running digests with these hashes over it. */
  transformBody(digests: u32[] = []): Plan {
    this.bodyMode = 2;
    for (let i = 0; i < digests.length; i++) this.digests |= <u64>1 << digests[i];
    return this;
  }

  /** Gives the body calls what they are to know of the plan: the Body's maker gets it. */
  with(context: string): Plan {
    this.bodyContext = context;
    return this;
  }

  /** How long the transformed body gets, in bytes. Without it the body goes in chunks. */
  sized(length: u64): Plan {
    this.bodySize = length + 1;
    return this;
  }

  /** Asks for a call with the head of the answer. */
  inspect(): Plan {
    this.inspects = true;
    return this;
  }

  /** Sends nothing: the agent gets one of the broker's codes, and a line; and the API's own word for the code, where one is given. */
  refuse(code: string, message: string, word: string = ""): Plan {
    const m = new Writer();
    m.text(1, code);
    m.text(2, message);
    m.text(3, word);
    this.refusal = m;
    return this;
  }

  private edit(kind: u32, name: string, value: Expr | null): Plan {
    const m = new Writer();
    m.number(1, kind);
    m.text(2, name);
    if (value !== null) m.program(3, value.program);
    this.edits.message(1, m);
    return this;
  }

  encode(): Array<u8> {
    const w = new Writer();
    w.append(this.edits.bytes);
    w.text(2, this.upstream);
    w.append(this.acts.bytes);
    w.append(this.checks.bytes);
    w.number(5, this.bodyMode);
    if (this.refusal !== null) w.message(6, this.refusal!);
    w.flag(7, this.inspects);
    w.number(8, this.digests);
    w.number(9, this.bodySize);
    w.raw(10, this.bodyContext);
    return w.bytes;
  }
}

/** The plan of the many APIs whose whole authentication is a Bearer header. */
export function bearer(name: string): Plan {
  return new Plan().setHeader("authorization", concat([lit("Bearer "), field(name)]));
}

/** Adds to the scrubbing of an answer. */
export class ScrubPlan {
  drop: string[] = [];
  mask: string[] = [];
  keepCookies: string[] = [];
  /** Where in the answer's JSON secrets are born: "result.value". */
  secretFields: string[] = [];
  /** Takes the answer's body through the Body that serve was given. */
  transformBody: bool = false;
  /** Members of a JSON answer whose links are to name the broker: "url", "*_url". */
  links: string[] = [];
  private rewrites: Writer = new Writer();

  rewrite(header: string, from: string, to: string): ScrubPlan {
    const m = new Writer();
    m.text(1, header);
    m.text(2, from);
    m.text(3, to);
    this.rewrites.message(3, m);
    return this;
  }

  encode(): Array<u8> {
    const w = new Writer();
    w.texts(1, this.drop);
    w.texts(2, this.mask);
    w.append(this.rewrites.bytes);
    w.texts(4, this.keepCookies);
    w.texts(5, this.secretFields);
    w.flag(6, this.transformBody);
    w.texts(7, this.links);
    return w.bytes;
  }
}
