;; Grows its table in plan until the host says no, and traps where it got more
;; than 2^18 entries. At 2^20, 8 MiB, it gives up.
(module
  (table $t 1 funcref)
  (memory (export "memory") 16)
  (data (i32.const 0x400) ;; the manifest
    "\0a\06tables\12\051.0.0\22\1f\0a\04main\12\17https://api.example.com2 \0a\07api_key\10\02\18\01:\11\08\01\12\0dauthorization:\19\08\01\12\0dauthorization\1a\06Bearer")
  (data (i32.const 0x800) ;; the plan
    "\0a'\08\01\12\0dauthorization\1a\14\01\07Bearer \02\07api_key\10\02")
  (func (export "seks_v1_buffer") (param i32) (result i32) (i32.const 0x10000))
  (func (export "seks_v1_manifest") (result i64) (i64.const 0x00000400_0000006d))
  (func (export "seks_v1_plan") (param i32) (result i64)
    (block $done (loop $again
      (br_if $done (i32.eq (table.grow $t (ref.null func) (i32.const 65536)) (i32.const -1)))
      (br_if $again (i32.lt_u (table.size $t) (i32.const 0x100000)))))
    (if (i32.gt_u (table.size $t) (i32.const 0x40000)) (then unreachable))
    (i64.const 0x00000800_00000029))
  (func (export "seks_v1_scrub") (param i32) (result i64) (i64.const 0)))
