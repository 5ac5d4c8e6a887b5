;; Grows its memory in plan until the host says no, in steps of 31 MiB (each is a
;; copy, which the clock of the call counts), and touches what it got.
(module
  (memory (export "memory") 16)
  (data (i32.const 0x400) ;; the manifest
    "\0a\04grow\12\051.0.0\22\1f\0a\04main\12\17https://api.example.com2 \0a\07api_key\10\02\18\01:\11\08\01\12\0dauthorization:\19\08\01\12\0dauthorization\1a\06Bearer")
  (data (i32.const 0x800) ;; the plan
    "\0a'\08\01\12\0dauthorization\1a\14\01\07Bearer \02\07api_key\10\02")
  (func (export "seks_v1_buffer") (param i32) (result i32) (i32.const 0x10000))
  (func (export "seks_v1_manifest") (result i64) (i64.const 0x00000400_0000006b))
  (func (export "seks_v1_plan") (param i32) (result i64)
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 496)) (i32.const -1))))
    (i32.store (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4)) (i32.const 1))
    (i64.const 0x00000800_00000029))
  (func (export "seks_v1_scrub") (param i32) (result i64) (i64.const 0)))
