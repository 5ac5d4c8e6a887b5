;; Writes 16 MB to its standard error, then plans well.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 16)
  (data (i32.const 0x400) ;; the manifest
    "\0a\09log-flood\12\051.0.0\22\1f\0a\04main\12\17https://api.example.com2 \0a\07api_key\10\02\18\01:\11\08\01\12\0dauthorization:\19\08\01\12\0dauthorization\1a\06Bearer")
  (data (i32.const 0x800) ;; the plan
    "\0a'\08\01\12\0dauthorization\1a\14\01\07Bearer \02\07api_key\10\02")
  (func (export "seks_v1_buffer") (param i32) (result i32) (i32.const 0x10000))
  (func (export "seks_v1_manifest") (result i64) (i64.const 0x00000400_00000070))
  (func (export "seks_v1_plan") (param i32) (result i64)
    (local $turns i32)
    (i32.store (i32.const 0) (i32.const 65536)) ;; one iovec: 64 KiB from the buffer
    (i32.store (i32.const 4) (i32.const 65536))
    (local.set $turns (i32.const 256))
    (loop $again
      (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br_if $again (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
    (i64.const 0x00000800_00000029))
  (func (export "seks_v1_scrub") (param i32) (result i64) (i64.const 0)))
