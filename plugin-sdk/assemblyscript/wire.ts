// The Protocol Buffers wire format, as far as ABI.md §3 needs it.
//
// A string here holds bytes: one character for each, 0 to 255. So what came in
// goes out as it was, whatever encoding it is in. text() writes a string of
// characters, as UTF-8.

/** Writes a message: fields in the order of their numbers, defaults left out. */
export class Writer {
  bytes: Array<u8> = new Array<u8>();

  varint(v: u64): void {
    while (v >= 0x80) {
      this.bytes.push(<u8>(v | 0x80));
      v >>= 7;
    }
    this.bytes.push(<u8>v);
  }

  number(field: u32, v: u64): void {
    if (v == 0) return;
    this.varint(<u64>field << 3);
    this.varint(v);
  }

  flag(field: u32, v: bool): void {
    this.number(field, v ? 1 : 0);
  }

  /** Writes bytes, one for each character. */
  raw(field: u32, s: string): void {
    if (s.length == 0) return;
    this.varint((<u64>field << 3) | 2);
    this.varint(s.length);
    this.chars(s);
  }

  /** Writes characters, as UTF-8. */
  text(field: u32, s: string): void {
    this.raw(field, utf8(s));
  }

  texts(field: u32, list: string[]): void {
    for (let i = 0; i < list.length; i++) {
      const s = utf8(list[i]);
      this.varint((<u64>field << 3) | 2);
      this.varint(s.length);
      this.chars(s);
    }
  }

  /** Writes a message inside; an empty one too, since its presence counts. */
  message(field: u32, m: Writer): void {
    this.varint((<u64>field << 3) | 2);
    this.varint(m.bytes.length);
    this.append(m.bytes);
  }

  program(field: u32, p: Array<u8>): void {
    if (p.length == 0) return;
    this.varint((<u64>field << 3) | 2);
    this.varint(p.length);
    this.append(p);
  }

  append(b: Array<u8>): void {
    for (let i = 0; i < b.length; i++) this.bytes.push(unchecked(b[i]));
  }

  chars(s: string): void {
    for (let i = 0; i < s.length; i++) {
      const c = s.charCodeAt(i);
      assert(c < 256, "a string of bytes has a character above 255: use utf8()");
      this.bytes.push(<u8>c);
    }
  }
}

/** The UTF-8 of s, one character for each byte. */
export function utf8(s: string): string {
  const b = String.UTF8.encode(s);
  const at = changetype<usize>(b);
  return widen(at, at + b.byteLength);
}

/** A string with one character for each byte of the memory from at to end. */
function widen(at: usize, end: usize): string {
  if (at == end) return "";
  const s = changetype<string>(__new((end - at) << 1, idof<string>()));
  for (let to = changetype<usize>(s); at < end; at++, to += 2) store<u16>(to, load<u8>(at));
  return s;
}

/** Reads a message in the module's memory. Fields may come in any order. */
export class Reader {
  field: u32 = 0;
  wire: u32 = 0;
  private seen: u64 = 0;

  constructor(private at: usize, private end: usize) {}

  /** All that is still to be read, as bytes. */
  rest(): string { return widen(this.at, this.end); }

  /** Goes to the next field. */
  next(): bool {
    if (this.at == this.end) return false;
    const tag = this.varint();
    assert(tag >> 3 > 0 && tag >> 32 == 0, "a message has a field of no number");
    this.field = <u32>(tag >> 3);
    this.wire = <u32>(tag & 7);
    return true;
  }

  /** Reads a number. singular fields stand once. */
  number(): u64 {
    this.expect(0);
    return this.varint();
  }

  raw(): string {
    const r = this.inside();
    return widen(r.at, r.end);
  }

  /** A string, which must be UTF-8. Its bytes are given, as from raw. */
  text(): string {
    const s = this.raw();
    assert(isUTF8(s), "a string is not UTF-8");
    return s;
  }

  message(): Reader {
    this.repeated();
    return this.inside();
  }

  /** Allows the field to stand more than once. */
  private repeated(): void {
    this.seen &= ~(<u64>1 << (this.field & 63));
  }

  private inside(): Reader {
    this.expect(2);
    const n = this.varint();
    assert(n <= this.end - this.at, "a length is past the end");
    const r = new Reader(this.at, this.at + <usize>n);
    this.at += <usize>n;
    return r;
  }

  private expect(wire: u32): void {
    assert(this.wire == wire, "a field has another wire type");
    const bit = <u64>1 << (this.field & 63);
    assert((this.seen & bit) == 0, "a field stands twice");
    this.seen |= bit;
  }

  /** Skips a field that is not known. */
  skip(): void {
    let n: u64 = 0;
    switch (this.wire) {
      case 0:
        this.varint();
        return;
      case 1:
        n = 8;
        break;
      case 2:
        n = this.varint();
        break;
      case 5:
        n = 4;
        break;
      default:
        assert(false, "a field has a wire type that no version uses");
    }
    assert(n <= this.end - this.at, "a length is past the end");
    this.at += <usize>n;
  }

  private varint(): u64 {
    let v: u64 = 0;
    for (let i = 0; i < 10; i++) {
      assert(this.at < this.end, "a number is cut");
      const b = load<u8>(this.at++);
      assert(i < 9 || b < 2, "a number has more than 64 bits");
      v |= <u64>(b & 0x7f) << (7 * i);
      if (b < 0x80) return v;
    }
    assert(false, "a number has more than ten bytes");
    return 0;
  }
}

function isUTF8(s: string): bool {
  for (let i = 0; i < s.length; ) {
    const c = s.charCodeAt(i++);
    if (c < 0x80) continue;
    let more = c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 0;
    if (more == 0 || i + more > s.length) return false;
    const d = s.charCodeAt(i);
    if ((c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) || (c == 0xf4 && d > 0x8f)) return false;
    for (; more > 0; more--) if ((s.charCodeAt(i++) & 0xc0) != 0x80) return false;
  }
  return true;
}
