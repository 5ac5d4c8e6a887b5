;; Its plan lets the hash of the credential out.
(module
  (memory (export "memory") 16)
  (data (i32.const 0x400) ;; the manifest
    "\0a\09hash-plan\12\051.0.0\22\1f\0a\04main\12\17https://api.example.com2 \0a\07api_key\10\02\18\01:\11\08\01\12\0dauthorization:\19\08\01\12\0dauthorization\1a\06Bearer")
  (data (i32.const 0x800) ;; the plan
    "\0a\18\08\01\12\06x-hash\1a\0c\02\07api_key \03\11")
  (func (export "seks_v1_buffer") (param i32) (result i32) (i32.const 0x10000))
  (func (export "seks_v1_manifest") (result i64) (i64.const 0x00000400_00000070))
  (func (export "seks_v1_plan") (param i32) (result i64) (i64.const 0x00000800_0000001a))
  (func (export "seks_v1_scrub") (param i32) (result i64) (i64.const 0)))
