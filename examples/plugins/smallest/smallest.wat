;; A whole plugin by hand: the API takes its key in the header X-Api-Key. What a
;; call returns is pointer << 32 | length of a message, as plugin-sdk/ABI.md has
;; it; both are constants here, so the view that the host writes is not read.
(module
  (memory (export "memory") 9)

  ;; Manifest: name, version, upstreams[name, url],
  ;; fields[name, use: reveal, main, sinks[header, name]], token_slots[header, name]
  (data (i32.const 0x100)
    "\0a\08smallest\12\051.0.0"
    "\22\1f\0a\04main\12\17https://api.example.com"
    "2\1c\0a\07api_key\10\02\18\01:\0d\08\01\12\09x-api-key"
    ":\0d\08\01\12\09x-api-key")

  ;; Plan: edits[set header, name, value: field:api_key]
  (data (i32.const 0x200)
    "\0a\18\08\01\12\09x-api-key\1a\09\02\07api_key")

  (func (export "seks_v1_buffer") (param $size i32) (result i32) (i32.const 0x10000))
  (func (export "seks_v1_manifest") (result i64) (i64.const 0x00000100_0000005f))
  (func (export "seks_v1_plan") (param $len i32) (result i64) (i64.const 0x00000200_0000001a))
  (func (export "seks_v1_scrub") (param $len i32) (result i64) (i64.const 0)))
