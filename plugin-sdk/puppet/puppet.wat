;; A guest that does what the host's test tells it: puppet.go puts a data section
;; behind this module, with what to say.
;;
;;   0x100 manifest   0x108 plan   0x110 scrub plan   each address << 32 | length
;;   0x118 fixed body result                          likewise
;;   0x120 what seks_v1_request_body does, 0x124 seks_v1_response_body:
;;         0 passes its input on, 1 in upper case, 2 the fixed result, 3 traps,
;;         4 loops, 5 passes on and ends with the fixed result, 6 holds all back
;;         but the fixed result at the end, 7 passes on and gives the fixed
;;         result in turn, whatever the body, 8 asks for a page of memory each time
(module
  (global $calls (mut i32) (i32.const 0))
  (memory (export "memory") 40)

  (func (export "seks_v1_buffer") (param i32) (result i32)
    (i32.const 0x200000))
  (func (export "seks_v1_manifest") (result i64)
    (i64.load (i32.const 0x100)))
  (func (export "seks_v1_plan") (param i32) (result i64)
    (i64.load (i32.const 0x108)))
  (func (export "seks_v1_scrub") (param i32) (result i64)
    (i64.load (i32.const 0x110)))
  (func (export "seks_v1_request_body") (param i32 i32) (result i64)
    (call $body (i32.load (i32.const 0x120)) (local.get 0) (local.get 1)))
  (func (export "seks_v1_response_body") (param i32 i32) (result i64)
    (call $body (i32.load (i32.const 0x124)) (local.get 0) (local.get 1)))

  (func $body (param $mode i32) (param $len i32) (param $flags i32) (result i64)
    (if (i32.eq (local.get $mode) (i32.const 1))
      (then (return (call $upper (local.get $len)))))
    (if (i32.eq (local.get $mode) (i32.const 2))
      (then (return (i64.load (i32.const 0x118)))))
    (if (i32.eq (local.get $mode) (i32.const 3))
      (then unreachable))
    (if (i32.eq (local.get $mode) (i32.const 4))
      (then (loop $again (br $again))))
    (if (i32.eq (local.get $mode) (i32.const 8))
      (then
        (drop (memory.grow (i32.const 1)))
        (return (call $pass (local.get $len)))))
    (if (i32.eq (local.get $mode) (i32.const 7))
      (then
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (if (i32.and (global.get $calls) (i32.const 1))
          (then (return (call $pass (local.get $len)))))
        (return (i64.load (i32.const 0x118)))))
    (if (i32.and (i32.ge_u (local.get $mode) (i32.const 5)) (i32.and (local.get $flags) (i32.const 1)))
      (then (return (i64.load (i32.const 0x118)))))
    (if (i32.eq (local.get $mode) (i32.const 6))
      (then (return (i64.const 0))))
    (call $pass (local.get $len)))

  ;; segments { kind: input, length: len }
  (func $pass (param $len i32) (result i64)
    (i32.store (i32.const 0x80) (i32.const 0x0108080a))
    (i32.store8 (i32.const 0x84) (i32.const 0x18))
    (call $varint (i32.const 0x85) (local.get $len))
    (call $result (i32.const 0x80) (i32.const 10)))

  ;; segments { kind: literal, bytes: … }, written in front of the input
  (func $upper (param $len i32) (result i64)
    (local $at i32) (local $c i32)
    (loop $next
      (if (i32.lt_u (local.get $at) (local.get $len))
        (then
          (local.set $c (i32.load8_u (i32.add (i32.const 0x200000) (local.get $at))))
          (if (i32.lt_u (i32.sub (local.get $c) (i32.const 97)) (i32.const 26))
            (then (i32.store8 (i32.add (i32.const 0x200000) (local.get $at)) (i32.sub (local.get $c) (i32.const 32)))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next))))
    (i32.store8 (i32.const 0x1ffff2) (i32.const 0x0a))
    (call $varint (i32.const 0x1ffff3) (i32.add (local.get $len) (i32.const 8)))
    (i32.store16 (i32.const 0x1ffff8) (i32.const 0x0208))
    (i32.store8 (i32.const 0x1ffffa) (i32.const 0x22))
    (call $varint (i32.const 0x1ffffb) (local.get $len))
    (call $result (i32.const 0x1ffff2) (i32.add (local.get $len) (i32.const 14))))

  ;; five bytes, whatever the value
  (func $varint (param $at i32) (param $value i32)
    (local $i i32)
    (loop $next
      (i32.store8 (i32.add (local.get $at) (local.get $i)) (i32.or (i32.and (local.get $value) (i32.const 0x7f)) (i32.const 0x80)))
      (local.set $value (i32.shr_u (local.get $value) (i32.const 7)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 4))))
    (i32.store8 (i32.add (local.get $at) (i32.const 4)) (local.get $value)))

  (func $result (param $at i32) (param $len i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get $at)) (i64.const 32)) (i64.extend_i32_u (local.get $len)))))
