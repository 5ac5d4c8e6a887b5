#!/usr/bin/env python3
"""Writes cases.jsonl: secrets in every form that the scrubber is to catch, in
places where answers of APIs have them. It shares no code with the scrubber, and
gives the same file each time. Run it here: python3 generate.py"""

import base64, html, json, quopri, random, urllib.parse

SECRETS = [
    "sk-proj-T3BlbkFJ0123456789abcdefghijKLMNOPQRSTUVWXYZ_-aB",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzEXAMPLEKEY+x",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "0f9e8d7c6b5a49382716",
]
CODINGS = ["", "gzip", "deflate", "br", "zstd"]
CHUNKS = ["whole", "bytes", "random", "halves"]
rng = random.Random(20261124)


def some(text, write, odds=3):
    out = "".join(write(c) if rng.randrange(odds) == 0 else c for c in text)
    return out if out != text else write(text[0]) + text[1:]


def mixed(text):
    return "".join(c.upper() if rng.randrange(2) else c for c in text)


def lines(text, width, end):
    return end.join(text[i:i + width] for i in range(0, len(text), width))


def hexed(data):
    return data.hex()


def b64(data):
    return base64.b64encode(data).decode()


NAMED = {"-": "&hyphen;", "_": "&lowbar;", "/": "&sol;", "+": "&plus;"}

# name -> (secret with what is around it, front, back) -> text. The front and back
# shift the alignment of what codes bytes in groups.
FORMS = {
    "raw": lambda s: s,
    "base64": lambda s: b64(s.encode()),
    "base64, no padding": lambda s: b64(s.encode()).rstrip("="),
    "base64url": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "base64url, no padding": lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
    "hex": lambda s: hexed(s.encode()),
    "hex, upper case": lambda s: hexed(s.encode()).upper(),
    "hex, mixed case": lambda s: mixed(hexed(s.encode())),
    "hex with colons": lambda s: s.encode().hex(":"),
    "hex with spaces": lambda s: s.encode().hex(" "),
    "hex in groups of four": lambda s: s.encode().hex(" ", -2),
    "hex as 0x literals": lambda s: ", ".join("0x%02x" % c for c in s.encode()),
    "percent, all": lambda s: "".join("%%%02X" % c for c in s.encode()),
    "percent, lower case": lambda s: "".join("%%%02x" % c for c in s.encode()),
    "percent, what must be": lambda s: urllib.parse.quote(s, safe=""),
    "percent, some": lambda s: some(s, lambda c: "%%%02x" % ord(c)),
    "percent, twice": lambda s: some(s, lambda c: "%%25%02X" % ord(c)),
    "json, all": lambda s: "".join("\\u%04x" % ord(c) for c in s),
    "json, some": lambda s: some(s, lambda c: mixed("\\u%04x" % ord(c)).replace("\\U", "\\u")),
    "json, slashes": lambda s: s.replace("/", "\\/"),
    "json in json": lambda s: some(s, lambda c: "\\\\u%04x" % ord(c)),
    "\\x escapes": lambda s: some(s, lambda c: "\\x%02x" % ord(c)),
    "html, decimal": lambda s: some(s, lambda c: "&#%d;" % ord(c)),
    "html, hex": lambda s: some(s, lambda c: "&#x%X;" % ord(c)),
    "html, leading zeros": lambda s: some(s, lambda c: "&#%06d;" % ord(c)),
    "html, named": lambda s: "".join(NAMED.get(c, c) for c in html.escape(s)),
    "html, twice": lambda s: some(s, lambda c: "&amp;#%d;" % ord(c)),
    "quoted-printable": lambda s: "".join("=%02X" % c for c in s.encode()),
    "quoted-printable, soft line breaks": lambda s: lines(quopri.encodestring(s.encode()).decode().replace("=\n", ""), 30, "=\r\n"),
    "utf-16, little end": lambda s: s.encode("utf-16-le").decode("latin-1"),
    "utf-16, big end": lambda s: s.encode("utf-16-be").decode("latin-1"),
    "base64 in lines (MIME)": lambda s: lines(b64(("text in front " + s).encode()), 76, "\r\n"),
    "base64 in lines, escaped": lambda s: lines(b64(("text in front " + s).encode()), 64, "\\n"),
    "base64 of base64": lambda s: b64(b64(s.encode()).encode()),
    "base64 of hex": lambda s: b64(hexed(s.encode()).encode()),
    "base64 of json escapes": lambda s: b64(some(s, lambda c: "\\u%04x" % ord(c)).encode()),
    "base64 of utf-16": lambda s: b64(s.encode("utf-16-le")),
    "hex of base64": lambda s: hexed(b64(s.encode()).encode()),
    "hex of hex": lambda s: hexed(hexed(s.encode()).encode()),
    "percent of base64": lambda s: "".join("%%%02X" % ord(c) if rng.randrange(2) else c for c in b64(s.encode())),
    "json of base64": lambda s: some(b64(s.encode()).replace("/", "\\/"), lambda c: "\\u%04x" % ord(c)),
    "html of hex": lambda s: some(hexed(s.encode()), lambda c: "&#%d;" % ord(c)),
}

PLACES = {
    "json": ("application/json", '{"id":"req_7","error":{"message":"the key ', ' is wrong"},"n":[1,2,3]}'),
    "event": ("text/event-stream", 'event: delta\ndata: {"i":1}\n\nevent: delta\ndata: {"text":"', '"}\n\ndata: [DONE]\n\n'),
    "line": ("application/x-ndjson", '{"a":1}\n{"key":"', '"}\n{"b":2}\n'),
    "html": ("text/html; charset=utf-8", '<!doctype html><p class=x>You sent ', '</p>\n'),
    "text": ("text/plain", "an error of some kind\n\nkey = ", "\n"),
    "binary": ("application/octet-stream", "\x08\x96\x01\x12\x00\x00\xff", "\x00\x00\x1a\xfe"),
}


def main():
    n = 0
    with open("cases.jsonl", "w") as out:
        for form, write in FORMS.items():
            for secret in SECRETS:
                for align in range(3):
                    for place, (kind, front, back) in PLACES.items():
                        text = write("xyz"[:align] + secret + "q" * rng.randrange(3))
                        if place in ("json", "event", "line", "html") and any(c in text for c in "\r\n\0"):
                            continue
                        record = {
                            "form": form, "place": place, "secret": secret, "coding": CODINGS[n % 5], "chunks": CHUNKS[n // 5 % 4], "type": kind,
                            "front": base64.b64encode(front.encode("latin-1")).decode(),
                            "text": base64.b64encode(text.encode("latin-1")).decode(),
                            "back": base64.b64encode(back.encode("latin-1")).decode(),
                        }
                        out.write(json.dumps(record, separators=(",", ":")) + "\n")
                        n += 1
    print(n, "cases")


main()
