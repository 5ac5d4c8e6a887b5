// What the host shows: a request, and the head of an answer. All strings hold
// bytes, one for each character.
import { Reader } from "./wire";

export class Header {
  name: string = "";
  value: string = "";

  static read(r: Reader): Header {
    const h = new Header();
    while (r.next()) {
      switch (r.field) {
        case 1: h.name = r.raw(); break;
        case 2: h.value = r.raw(); break;
        default: r.skip();
      }
    }
    return h;
  }
}

/** The first value of a header, compared without case; "" where there is none. */
export function valueOf(headers: Header[], name: string): string {
  for (let i = 0; i < headers.length; i++) {
    if (same(headers[i].name, name)) return headers[i].value;
  }
  return "";
}

// ASCII alone, as header names are; toLowerCase would bring all of Unicode along.
function same(a: string, b: string): bool {
  if (a.length != b.length) return false;
  for (let i = 0; i < a.length; i++) if (lower(a.charCodeAt(i)) != lower(b.charCodeAt(i))) return false;
  return true;
}

function lower(c: i32): i32 { return c >= 0x41 && c <= 0x5a ? c | 0x20 : c; }

export class View {
  method: string = "";
  scheme: string = "";
  target: string = "";
  authority: string = "";
  mount: string = "";
  path: string = "";
  query: string = "";
  headers: Header[] = [];
  upstreamAuthority: string = "";
  upstreamBase: string = "";
  time: u64 = 0;
  bodyState: u64 = 0;
  body: string = "";
  tokenID: string = "";
  /** What stands before the broker's own host name, where the manifest says subdomains. */
  subdomain: string = "";

  static read(r: Reader): View {
    const v = new View();
    while (r.next()) {
      switch (r.field) {
        case 1: v.method = r.raw(); break;
        case 2: v.scheme = r.text(); break;
        case 3: v.target = r.raw(); break;
        case 4: v.authority = r.raw(); break;
        case 5: v.mount = r.raw(); break;
        case 6: v.path = r.raw(); break;
        case 7: v.query = r.raw(); break;
        case 8: v.headers.push(Header.read(r.message())); break;
        case 9: v.upstreamAuthority = r.text(); break;
        case 10: v.upstreamBase = r.text(); break;
        case 11: v.time = r.number(); break;
        case 12: v.bodyState = r.number(); break;
        case 13: v.body = r.raw(); break;
        case 14: v.tokenID = r.text(); break;
        case 15: v.subdomain = r.text(); break;
        default: r.skip();
      }
    }
    assert(v.bodyState < 1 << 31, "an enum is above 2^31-1");
    return v;
  }
}

export class AnswerHead {
  status: u64 = 0;
  headers: Header[] = [];
  method: string = "";
  path: string = "";
  origin: string = "";
  /** The broker's own origin for this provider: what links should name. */
  visible: string = "";

  static read(r: Reader): AnswerHead {
    const a = new AnswerHead();
    while (r.next()) {
      switch (r.field) {
        case 1: a.status = r.number(); break;
        case 2: a.headers.push(Header.read(r.message())); break;
        case 3: a.method = r.raw(); break;
        case 4: a.path = r.raw(); break;
        case 5: a.origin = r.text(); break;
        case 6: a.visible = r.text(); break;
        default: r.skip();
      }
    }
    return a;
  }
}
