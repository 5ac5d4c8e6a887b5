// The guest of plugin-sdk/assemblyscript_test.go: it reads views and heads and
// writes them again, and writes the messages of some vectors with the builders.
import * as seks from "../index";
import { Reader, Writer } from "../wire";

export { seks_v1_buffer } from "../guest";
import { seks_v1_buffer } from "../guest";

let output: Array<u8> = [];

function result(b: Array<u8>): u64 {
  output = b;
  return (<u64>b.dataStart << 32) | b.length;
}

function input(length: u32): Reader {
  const at = seks_v1_buffer(length);
  return new Reader(at, at + length);
}

function writeHeaders(w: Writer, number: u32, list: seks.Header[]): void {
  for (let i = 0; i < list.length; i++) {
    const h = new Writer();
    h.raw(1, list[i].name);
    h.raw(2, list[i].value);
    w.message(number, h);
  }
}

export function View(length: u32): u64 {
  const v = seks.View.read(input(length));
  const w = new Writer();
  w.raw(1, v.method);
  w.raw(2, v.scheme);
  w.raw(3, v.target);
  w.raw(4, v.authority);
  w.raw(5, v.mount);
  w.raw(6, v.path);
  w.raw(7, v.query);
  writeHeaders(w, 8, v.headers);
  w.raw(9, v.upstreamAuthority);
  w.raw(10, v.upstreamBase);
  w.number(11, v.time);
  w.number(12, v.bodyState);
  w.raw(13, v.body);
  w.raw(14, v.tokenID);
  w.text(15, v.subdomain);
  return result(w.bytes);
}

export function AnswerHead(length: u32): u64 {
  const a = seks.AnswerHead.read(input(length));
  const w = new Writer();
  w.number(1, a.status);
  writeHeaders(w, 2, a.headers);
  w.raw(3, a.method);
  w.raw(4, a.path);
  w.raw(5, a.origin);
  w.raw(6, a.visible);
  return result(w.bytes);
}

export function manifest_small(_: u32): u64 {
  const key = seks.revealed("api_key").toHeader("authorization");
  key.main = true;
  return result(new seks.Manifest("ok", "1.0.0").upstream("main", "https://api.example.com").field(key)
    .tokenInHeader("authorization", "Bearer").encode());
}

export function plan_empty(_: u32): u64 { return result(new seks.Plan().encode()); }

export function plan_bearer(_: u32): u64 { return result(seks.bearer("api_key").encode()); }

export function plan_refusal(_: u32): u64 {
  return result(new seks.Plan().refuse("policy_denied", "this API has no such path").encode());
}
