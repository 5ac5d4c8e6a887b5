// The guest of plugin-sdk/assemblyscript_test.go: it reads views and heads and
// writes them again, and writes the messages of some vectors with the builders.
import * as seks from "../index";
import { Reader, Writer } from "../wire";

export { seks_v1_buffer, seks_v1_request_body, seks_v1_response_body } from "../guest";
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

export function plan_check(_: u32): u64 {
  const signature = seks.hmac(seks.SHA256, seks.token(), seks.lit("to sign")).hex();
  return result(new seks.Plan().check(new seks.Check("", signature, seks.lit("00ff"))).encode());
}

export function plan_own_words(_: u32): u64 {
  return result(new seks.Plan().refuse("bad_request", "the body is too short", "IncompleteBody")
    .check(new seks.Check("signature_invalid", seks.token(), seks.lit("x"), "SignatureDoesNotMatch", "check your key")).encode());
}

export function plan_full(_: u32): u64 {
  const key = seks.concat([seks.lit("AWS4"), seks.field("secret_access_key")]);
  return result(new seks.Plan().setQuery("sig", seks.hmac(seks.SHA256, key, seks.lit("20261123")).hex()).removeHeader("x-old").setPath("/v2")
    .to("uploads").act("s3:GetObject", 1, "/b/k\xff", "GET").act("new", 0, "")
    .check(new seks.Check("signature_expired", seks.token(), seks.lit("x")))
    .transformBody([seks.MD5, seks.SHA256]).with("\x00\xff").inspect().encode());
}

export function scrub_plan_full(_: u32): u64 {
  const s = new seks.ScrubPlan().rewrite("link", "https://api.example.com", "http://127.0.0.1:8080/api/ok");
  s.drop = ["x-internal"];
  s.mask = ["x-key", "x-key-2"];
  s.keepCookies = ["session"];
  s.secretFields = ["result.value"];
  s.transformBody = true;
  s.links = ["url", "*_url"];
  return result(s.encode());
}

export function body_result(_: u32): u64 {
  return result(new seks.BodyResult().slice(0, 300).text("\r\n").value(seks.load(1))
    .check(new seks.Check("", seks.load(0), seks.digest(seks.SHA256))).encode());
}

export function body_result_signed(_: u32): u64 {
  const next = seks.hmac(seks.SHA256, seks.load(0), seks.slice(0, 64)).store(1);
  return result(new seks.BodyResult().value(next).value(seks.digest(seks.SHA256)).encode());
}

export function body_result_running(_: u32): u64 {
  return result(new seks.BodyResult().value(seks.slice(0, 300).absorb(3, seks.SHA512))
    .check(new seks.Check("bad_request", seks.total(0, seks.SHA256).hex(), seks.lit("00ff"), "BadDigest", "the body is not what was signed")).encode());
}

/** Counts pieces, and says at the end how many there were, and what it was told. */
class Counter extends seks.Body {
  private pieces: i32 = 0;
  constructor(private told: string) { super(); }
  piece(bytes: string, last: bool): seks.BodyResult {
    this.pieces++;
    const r = new seks.BodyResult().slice(0, bytes.length);
    return last ? r.text(this.told + this.pieces.toString()) : r;
  }
}

seks.serve(new seks.Manifest("counter", "1.0.0"), (v: seks.View): seks.Plan => new seks.Plan(), null,
  (context: string): seks.Body => new Counter(context), (): seks.Body => new Counter("answer"));
