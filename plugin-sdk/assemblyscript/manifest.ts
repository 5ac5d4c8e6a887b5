// What a plugin says of itself.
import { Expr } from "./expr";
import { Writer } from "./wire";

export const READ: u32 = 1;
export const WRITE: u32 = 2;
export const GRANT: u32 = 3;

/** A credential's field. Make one with revealed, signing or open. */
export class Field {
  main: bool = false;
  optional: bool = false;
  help: string = "";
  prefix: string = "";
  private sinks: Writer = new Writer();
  private shapes: Writer = new Writer();

  constructor(private name: string, private use: u32) {}

  toHeader(name: string): Field { return this.sink(1, name); }
  toQuery(name: string): Field { return this.sink(2, name); }

  /** Allows a signature of that shape. */
  shape(e: Expr): Field {
    this.shapes.program(8, e.program);
    return this;
  }

  private sink(kind: u32, name: string): Field {
    const m = new Writer();
    m.number(1, kind);
    m.text(2, name);
    this.sinks.message(7, m);
    return this;
  }

  encode(): Writer {
    const w = new Writer();
    w.text(1, this.name);
    w.number(2, this.use);
    w.flag(3, this.main);
    w.flag(4, this.optional);
    w.text(5, this.help);
    w.text(6, this.prefix);
    w.append(this.sinks.bytes);
    w.append(this.shapes.bytes);
    return w;
  }
}

/** A field that may go anywhere, such as an account id. */
export function open(name: string): Field { return new Field(name, 1); }

/** A secret that goes to its sinks, and nowhere else. */
export function revealed(name: string): Field { return new Field(name, 2); }

/** A secret that leaves only inside a signature. */
export function signing(name: string): Field { return new Field(name, 3); }

export class Manifest {
  title: string = "";
  prefixes: string[] = [];
  headers: string[] = [];
  needsTime: bool = false;
  private upstreams: Writer = new Writer();
  private fields: Writer = new Writer();
  private slots: Writer = new Writer();
  private shape: Writer | null = null;
  private operations: Writer = new Writer();

  constructor(private name: string, private version: string) {}

  upstream(name: string, url: string): Manifest {
    const m = new Writer();
    m.text(1, name);
    m.text(2, url);
    this.upstreams.message(4, m);
    return this;
  }

  field(f: Field): Manifest {
    this.fields.message(6, f.encode());
    return this;
  }

  /** Says that clients put their key into a header, behind a scheme if there is one. */
  tokenInHeader(name: string, scheme: string = ""): Manifest { return this.slot(1, name, scheme); }
  tokenInQuery(name: string): Manifest { return this.slot(2, name, ""); }
  tokenAsPassword(): Manifest { return this.slot(3, "", ""); }

  /** How this API writes errors: see ErrorShape in ABI.md. */
  errorShape(contentType: string, body: string): Manifest {
    const m = new Writer();
    m.text(1, contentType);
    m.text(2, body);
    this.shape = m;
    return this;
  }

  operation(name: string, cls: u32, method: string, path: string): Manifest {
    const m = new Writer();
    m.text(1, name);
    m.number(2, cls);
    m.text(3, method);
    m.text(4, path);
    this.operations.message(15, m);
    return this;
  }

  private slot(kind: u32, name: string, scheme: string): Manifest {
    const m = new Writer();
    m.number(1, kind);
    m.text(2, name);
    m.text(3, scheme);
    this.slots.message(7, m);
    return this;
  }

  encode(): Array<u8> {
    const w = new Writer();
    w.text(1, this.name);
    w.text(2, this.version);
    w.text(3, this.title);
    w.append(this.upstreams.bytes);
    w.texts(5, this.prefixes);
    w.append(this.fields.bytes);
    w.append(this.slots.bytes);
    w.texts(8, this.headers);
    w.flag(10, this.needsTime);
    if (this.shape !== null) w.message(13, this.shape!);
    w.append(this.operations.bytes);
    return w.bytes;
  }
}
