// The exports of ABI v1. A plugin's entry file re-exports them, and calls serve.
import { Body } from "./body";
import { Manifest } from "./manifest";
import { Plan, ScrubPlan } from "./plan";
import { AnswerHead, View } from "./view";
import { Reader } from "./wire";

let manifest: Manifest | null = null;
let planner: ((v: View) => Plan) | null = null;
let scrubber: ((a: AnswerHead) => ScrubPlan) | null = null;
let ofRequest: ((context: string) => Body) | null = null;
let ofAnswer: (() => Body) | null = null;
// The bodies that are on their way.
let request: Body | null = null;
let answer: Body | null = null;
let input: StaticArray<u8> = new StaticArray<u8>(4096);
let output: Array<u8> = [];

/**
 * Makes a plugin of a manifest and a pure function: the same view, the same plan. Where its plans transform a
 * request's body, or an answer's, requestBody and answerBody make the Body that begins with it; the context is
 * what the plan gave with().
 */
export function serve(
  m: Manifest,
  plan: (v: View) => Plan,
  scrub: ((a: AnswerHead) => ScrubPlan) | null = null,
  requestBody: ((context: string) => Body) | null = null,
  answerBody: (() => Body) | null = null,
): void {
  manifest = m;
  planner = plan;
  scrubber = scrub;
  ofRequest = requestBody;
  ofAnswer = answerBody;
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

const LAST: u32 = 1;
const FIRST: u32 = 2;
const CONTEXT: u32 = 4;

export function seks_v1_request_body(length: u32, flags: u32): u64 {
  const begin = ofRequest;
  assert(begin !== null, "the plan transforms a body, and serve was given no requestBody");
  const input = read(length).rest();
  if (flags & CONTEXT) {
    request = begin!(input);
    return 0;
  }
  if (flags & FIRST || request === null) request = begin!("");
  return result(request!.piece(input, (flags & LAST) != 0).encode());
}

export function seks_v1_response_body(length: u32, flags: u32): u64 {
  const begin = ofAnswer;
  assert(begin !== null, "the scrub plan transforms a body, and serve was given no answerBody");
  if (flags & FIRST || answer === null) answer = begin!();
  return result(answer!.piece(read(length).rest(), (flags & LAST) != 0).encode());
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
