// What a body call answers with: ABI.md §8.
import { Check } from "./check";
import { Expr } from "./expr";
import { Writer } from "./wire";

/** Makes something else of a body, piece by piece: the pieces come in order, each once. */
export abstract class Body {
  /** The last piece may be empty. What is to be held back, a field of the class keeps. */
  abstract piece(bytes: string, last: bool): BodyResult;
}

/** What comes out for one piece: its parts in order, if its checks hold. */
export class BodyResult {
  private segments: Writer = new Writer();
  private checks: Writer = new Writer();

  /** A part of the piece that came, which the host copies. */
  slice(offset: i32, length: i32): BodyResult {
    const m = new Writer();
    m.number(1, 1);
    m.number(2, offset);
    m.number(3, length);
    return this.segment(m);
  }

  /** Bytes of the plugin's own, one for each character. */
  text(bytes: string): BodyResult {
    const m = new Writer();
    m.number(1, 2);
    m.raw(4, bytes);
    return this.segment(m);
  }

  /** What the host computes. */
  value(e: Expr): BodyResult {
    const m = new Writer();
    m.number(1, 3);
    m.program(4, e.program);
    return this.segment(m);
  }

  /** Cuts the body here unless it holds. */
  check(c: Check): BodyResult {
    this.checks.message(2, c.encode());
    return this;
  }

  private segment(m: Writer): BodyResult {
    this.segments.message(1, m);
    return this;
  }

  encode(): Array<u8> {
    const w = new Writer();
    w.append(this.segments.bytes);
    w.append(this.checks.bytes);
    return w.bytes;
  }
}
