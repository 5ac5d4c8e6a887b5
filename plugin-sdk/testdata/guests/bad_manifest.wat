;; Its manifest is no message.
(module
  (memory (export "memory") 16)
  (data (i32.const 0x400) ;; the manifest
    "\ff\ff not a manifest")
  (data (i32.const 0x800) ;; the plan
    "\0a'\08\01\12\0dauthorization\1a\14\01\07Bearer \02\07api_key\10\02")
  (func (export "seks_v1_buffer") (param i32) (result i32) (i32.const 0x10000))
  (func (export "seks_v1_manifest") (result i64) (i64.const 0x00000400_00000011))
  (func (export "seks_v1_plan") (param i32) (result i64) (i64.const 0x00000800_00000029))
  (func (export "seks_v1_scrub") (param i32) (result i64) (i64.const 0)))
