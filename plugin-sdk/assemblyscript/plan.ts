// What a plugin answers with: a Plan, or a ScrubPlan.
import { Expr, concat, field, lit } from "./expr";
import { Writer } from "./wire";

/** What becomes of a request. Methods add to it and return it. */
export class Plan {
  private edits: Writer = new Writer();
  private acts: Writer = new Writer();
  private upstream: string = "";
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

  /** Chooses one of the manifest's upstreams. */
  to(upstream: string): Plan {
    this.upstream = upstream;
    return this;
  }

  /** Says that the request does an operation. */
  act(name: string, cls: u32, resource: string): Plan {
    const m = new Writer();
    m.text(1, name);
    m.number(2, cls);
    m.raw(3, resource);
    this.acts.message(3, m);
    return this;
  }

  /** Asks for a call with the head of the answer. */
  inspect(): Plan {
    this.inspects = true;
    return this;
  }

  /** Sends nothing: the agent gets one of the broker's codes, and a line. */
  refuse(code: string, message: string): Plan {
    const m = new Writer();
    m.text(1, code);
    m.text(2, message);
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
    if (this.refusal !== null) w.message(6, this.refusal!);
    w.flag(7, this.inspects);
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
    return w.bytes;
  }
}
