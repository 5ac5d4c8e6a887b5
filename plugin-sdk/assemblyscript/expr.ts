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

  /** The same, and keeps it in a register of the exchange, 0 to 15. */
  store(register: i32): Expr { return op([this], 0x38, register); }

  /** Nothing; one of the exchange's running digests, 0 to 3, goes on with it. Only in a body call. */
  absorb(digest: i32, h: u32): Expr { return op([this], 0x39, digest, h); }
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

/** The secret half of the request's token. It stands in a check only. */
export function token(): Expr { return op([], 0x03); }

/** The digest of the request body, raw: in a plan, of all of it; in a body call, of what has come. */
export function digest(h: u32): Expr { return op([], 0x04, h); }

/** A part of a body call's input. */
export function slice(offset: i32, length: i32): Expr { return op([], 0x05, offset, length); }

/** What was stored in a register of this exchange. */
export function load(register: i32): Expr { return op([], 0x06, register); }

/** What a running digest has come to, raw; it begins anew. Only in a body call. */
export function total(digest: i32, h: u32): Expr { return op([], 0x3a, digest, h); }

/** Signatures of a message: RSASSA-PKCS1-v1_5 with SHA-256, ECDSA P-256 with SHA-256 as r‖s, Ed25519. Keys are in PEM. */
export function rsa(key: Expr, message: Expr): Expr { return op([key, message], 0x30); }
export function ecdsa(key: Expr, message: Expr): Expr { return op([key, message], 0x31); }
export function ed25519(key: Expr, message: Expr): Expr { return op([key, message], 0x32); }

/** Stands in a signature shape for what may vary. */
export function any(): Expr { return op([], 0x07); }

function named(code: u8, s: string): Expr {
  const w = new Writer();
  w.bytes.push(code);
  w.varint(s.length);
  w.chars(s);
  return new Expr(w.bytes);
}

function op(args: Expr[], code: u8, operand: i32 = -1, second: i32 = -1): Expr {
  const w = new Writer();
  for (let i = 0; i < args.length; i++) w.append(args[i].program);
  w.bytes.push(code);
  if (operand >= 0) w.varint(operand);
  if (second >= 0) w.varint(second);
  return new Expr(w.bytes);
}
