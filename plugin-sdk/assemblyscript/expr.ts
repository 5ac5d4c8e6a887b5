// Expressions that the host computes: ABI.md §5.
import { Writer } from "./wire";

export const MD5: u32 = 1;
export const SHA1: u32 = 2;
export const SHA256: u32 = 3;
export const SHA512: u32 = 4;

/** A value that the host computes. None is changed by what is made from it. */
export class Expr {
  constructor(readonly program: Array<u8>) {}

  hex(): Expr { return op([this], 0x11); }
  base64(): Expr { return op([this], 0x12); }
  base64url(): Expr { return op([this], 0x13); }
  percent(): Expr { return op([this], 0x14); }
}

/** The bytes of s, one for each character. */
export function lit(s: string): Expr { return named(0x01, s); }

/** The value of a credential field. */
export function field(name: string): Expr { return named(0x02, name); }

/** Its parts, one after the other: 1 to 32 of them. */
export function concat(parts: Expr[]): Expr { return op(parts, 0x10, parts.length); }

/** The digest of e, raw. */
export function hash(h: u32, e: Expr): Expr { return op([e], 0x20, h); }

/** RFC 2104, raw. */
export function hmac(h: u32, key: Expr, message: Expr): Expr { return op([key, message], 0x21, h); }

/** Stands in a signature shape for what may vary. */
export function any(): Expr { return op([], 0x07); }

function named(code: u8, s: string): Expr {
  const w = new Writer();
  w.bytes.push(code);
  w.varint(s.length);
  w.chars(s);
  return new Expr(w.bytes);
}

function op(args: Expr[], code: u8, operand: i32 = -1): Expr {
  const w = new Writer();
  for (let i = 0; i < args.length; i++) w.append(args[i].program);
  w.bytes.push(code);
  if (operand >= 0) w.varint(operand);
  return new Expr(w.bytes);
}
