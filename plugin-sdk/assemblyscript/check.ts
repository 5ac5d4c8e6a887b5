// What must hold, in a plan or in a body's result.
import { Expr } from "./expr";
import { Writer } from "./wire";

/** That two values are the same; else the request, or its body, ends with one of the broker's codes. */
export class Check {
  /** The API's own word for the code, and a line for the agent; "" for the broker's. */
  constructor(readonly code: string, readonly a: Expr, readonly b: Expr, readonly word: string = "", readonly message: string = "") {}

  encode(): Writer {
    const w = new Writer();
    w.program(1, this.a.program);
    w.program(2, this.b.program);
    w.text(3, this.code);
    w.text(4, this.word);
    w.text(5, this.message);
    return w;
  }
}
