;; Works without end, in ways that are not a loop's turns alone. The first letter of
;; the method says how: F fills all of its memory, C copies it, R asks for random
;; bytes by way of a table, W writes many pieces, T fills a table, G asks for no
;; more memory, D calls itself twice, sixty deep, B goes round by br_table, A by
;; call_indirect, K begins a long straight line again and again.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 512)
  (table $t 262144 funcref)
  (elem (table $t) (i32.const 0) func $random_get $around)
  (type $two (func (param i32 i32) (result i32)))
  (type $none (func))
  (data (i32.const 0x400) ;; the manifest
    "\0a\04busy\12\051.0.0\22\1f\0a\04main\12\17https://api.example.com2 \0a\07api_key\10\02\18\01:\11\08\01\12\0dauthorization:\19\08\01\12\0dauthorization\1a\06Bearer")
  (func (export "seks_v1_buffer") (param i32) (result i32) (i32.const 0x10000))
  (func (export "seks_v1_manifest") (result i64) (i64.const 0x00000400_0000006b))
  (func $is (param i32) (result i32) (i32.eq (i32.load8_u (i32.const 0x10002)) (local.get 0)))
  (func $deep (param i32)
    (if (local.get 0) (then
      (call $deep (i32.sub (local.get 0) (i32.const 1)))
      (call $deep (i32.sub (local.get 0) (i32.const 1))))))
  (func $around (call_indirect $t (type $none) (i32.const 1)))
  (func (export "seks_v1_plan") (param i32) (result i64)
    (if (call $is (i32.const 0x46)) (then (loop $again
      (memory.fill (i32.const 0x20000) (i32.const 7) (i32.const 0x1fd0000)) (br $again))))
    (if (call $is (i32.const 0x43)) (then (loop $again
      (memory.copy (i32.const 0x20000) (i32.const 0x20001) (i32.const 0x1fd0000)) (br $again))))
    (if (call $is (i32.const 0x52)) (then (loop $again
      (drop (call_indirect $t (type $two) (i32.const 0x20000) (i32.const 0x1fd0000) (i32.const 0))) (br $again))))
    (if (call $is (i32.const 0x57)) (then (loop $again
      (drop (call $fd_write (i32.const 2) (i32.const 0x20000) (i32.const 0x300000) (i32.const 8))) (br $again))))
    (if (call $is (i32.const 0x54)) (then (loop $again
      (table.fill $t (i32.const 2) (ref.null func) (i32.const 262142)) (br $again))))
    (if (call $is (i32.const 0x47)) (then (loop $again (drop (memory.grow (i32.const 0))) (br $again))))
    (if (call $is (i32.const 0x44)) (then (call $deep (i32.const 60))))
    (if (call $is (i32.const 0x42)) (then (loop $again (br_table $again $again (i32.const 5)))))
    (if (call $is (i32.const 0x41)) (then (call $around)))
    (if (call $is (i32.const 0x4b)) (then (loop $again
      (i64.store (i32.const 0x20000) (i64.div_u (i64.load (i32.const 0x20000)) (i64.const 3)))
      (i64.store (i32.const 0x20008) (i64.div_u (i64.load (i32.const 0x20008)) (i64.const 3)))
      (br $again))))
    (i64.const 0))
  (func (export "seks_v1_scrub") (param i32) (result i64) (i64.const 0)))
