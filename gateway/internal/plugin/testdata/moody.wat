;; Counts its plans, and does as the first letter of the method says: T traps,
;; L loops, B plans to set Host, S writes to its standard error and traps, E
;; exits. All else gets a header x-count with the number of the plan as a digit.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 16)
  (global $count (mut i32) (i32.const 0))
  (data (i32.const 0x400) ;; the manifest
    "\0a\05moody\12\051.0.0\22\1f\0a\04main\12\17https://api.example.com2 \0a\07api_key\10\02\18\01:\11\08\01\12\0dauthorization:\19\08\01\12\0dauthorization\1a\06Bearer")
  (data (i32.const 0x800) "\0a\10\08\01\12\07x-count\1a\03\01\010") ;; the plan
  (data (i32.const 0x900) "\0a\0d\08\01\12\04host\1a\03\01\01x") ;; the bad one
  (data (i32.const 0xa00) "it hurts\0a\1b[31m")
  (func (export "seks_v1_buffer") (param i32) (result i32) (i32.const 0x10000))
  (func (export "seks_v1_manifest") (result i64) (i64.const 0x00000400_0000006c))
  (func $is (param i32) (result i32) (i32.eq (i32.load8_u (i32.const 0x10002)) (local.get 0)))
  (func (export "seks_v1_plan") (param i32) (result i64)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (if (call $is (i32.const 0x54)) (then unreachable))
    (if (call $is (i32.const 0x4c)) (then (loop $again (br $again))))
    (if (call $is (i32.const 0x42)) (then (return (i64.const 0x00000900_0000000f))))
    (if (call $is (i32.const 0x45)) (then (call $proc_exit (i32.const 3))))
    (if (call $is (i32.const 0x53)) (then
      (i32.store (i32.const 0) (i32.const 0xa00))
      (i32.store (i32.const 4) (i32.const 14))
      (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
      unreachable))
    (i32.store8 (i32.const 0x811) (i32.add (i32.const 0x30) (global.get $count)))
    (i64.const 0x00000800_00000012))
  ;; Traps where the answer has a status of 500, or an input that is none.
  (func (export "seks_v1_scrub") (param i32) (result i64)
    (if (i32.and (i32.ne (local.get 0) (i32.const 0)) (i32.ne (i32.load8_u (i32.const 0x10000)) (i32.const 0x08))) (then unreachable))
    (if (i32.eq (i32.load16_u (i32.const 0x10001)) (i32.const 0x03f4)) (then unreachable))
    (i64.const 0)))
