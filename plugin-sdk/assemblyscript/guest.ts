// The exports of ABI v1. A plugin's entry file re-exports them, and calls serve.
import { Manifest } from "./manifest";
import { Plan, ScrubPlan } from "./plan";
import { AnswerHead, View } from "./view";
import { Reader } from "./wire";

let manifest: Manifest | null = null;
let planner: ((v: View) => Plan) | null = null;
let scrubber: ((a: AnswerHead) => ScrubPlan) | null = null;
let input: StaticArray<u8> = new StaticArray<u8>(4096);
let output: Array<u8> = [];

/** Makes a plugin of a manifest and a pure function: the same view, the same plan. */
export function serve(m: Manifest, plan: (v: View) => Plan, scrub: ((a: AnswerHead) => ScrubPlan) | null = null): void {
  manifest = m;
  planner = plan;
  scrubber = scrub;
}

export function seks_v1_buffer(size: u32): usize {
  // It lies where it was as long as it is large enough: a host may use it again.
  if (<i32>size > input.length) input = new StaticArray<u8>(size);
  return changetype<usize>(input);
}

export function seks_v1_manifest(): u64 {
  return result(manifest!.encode());
}

export function seks_v1_plan(length: u32): u64 {
  return result(planner!(View.read(read(length))).encode());
}

export function seks_v1_scrub(length: u32): u64 {
  const f = scrubber;
  return f === null ? 0 : result(f(AnswerHead.read(read(length))).encode());
}

// Between two calls nothing but the globals above is in use, so then is the time
// to collect; not each time, since it costs as much as a plan.
const collectEvery: u32 = 32;
let calls: u32 = 0;

function read(length: u32): Reader {
  if (++calls % collectEvery == 0) __collect();
  const at = changetype<usize>(input);
  return new Reader(at, at + length);
}

function result(b: Array<u8>): u64 {
  output = b; // it stays until the next call
  return (<u64>b.dataStart << 32) | b.length;
}

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: u32, pieces: usize, count: u32, written: usize): u32;

/** Called where an assertion fails: its message goes to the operator. */
export function seksAbort(message: string | null, file: string | null, line: u32, column: u32): void {
  const text = String.UTF8.encode((message ? message : "abort") + " at " + (file ? file : "") + ":" + line.toString());
  const piece = new StaticArray<usize>(3);
  piece[0] = changetype<usize>(text);
  piece[1] = text.byteLength;
  fd_write(2, changetype<usize>(piece), 1, changetype<usize>(piece) + 8);
  unreachable();
}
