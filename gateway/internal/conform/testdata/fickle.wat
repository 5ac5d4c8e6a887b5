;; A guest that gives one of two answers to each call, by a mode: the template of
;; conform_test.go, which puts a data section behind it. wat2wasm makes the
;; .wasm beside it anew.
;;
;; 0x100: for manifest, plan and scrub, two results (pointer<<32|length) each
;; 0x140: for each, its mode
(module
  (memory (export "memory") 11)
  (global $calls (mut i32) (i32.const 0))

  ;; mode 0: the first; 1: first and second in turn; 2: the second for inputs of
  ;; an odd length; 3: traps; 4: the first, and takes memory now and then
  (func $answer (param $which i32) (param $len i32) (result i64)
    (local $mode i32) (local $second i32)
    (local.set $mode (i32.load offset=0x140 (i32.shl (local.get $which) (i32.const 2))))
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (if (i32.eq (local.get $mode) (i32.const 1))
      (then (local.set $second (i32.and (global.get $calls) (i32.const 1)))))
    (if (i32.eq (local.get $mode) (i32.const 2))
      (then (local.set $second (i32.and (local.get $len) (i32.const 1)))))
    (if (i32.eq (local.get $mode) (i32.const 3)) (then (unreachable)))
    (if (i32.eq (local.get $mode) (i32.const 4))
      (then (if (i32.eqz (i32.and (global.get $calls) (i32.const 0x1f)))
        (then (drop (memory.grow (i32.const 1)))))))
    (i64.load offset=0x100 (i32.add (i32.shl (local.get $which) (i32.const 4)) (i32.shl (local.get $second) (i32.const 3)))))

  (func (export "seks_v1_buffer") (param i32) (result i32) (i32.const 0x20000))
  (func (export "seks_v1_manifest") (result i64) (call $answer (i32.const 0) (i32.const 0)))
  (func (export "seks_v1_plan") (param i32) (result i64) (call $answer (i32.const 1) (local.get 0)))
  (func (export "seks_v1_scrub") (param i32) (result i64) (call $answer (i32.const 2) (local.get 0))))
