;; Its plan lets the intermediate key of a signature out.
(module
  (memory (export "memory") 16)
  (data (i32.const 0x400) ;; the manifest
    "\0a\0ehalf-sign-plan\12\051.0.0\22\1f\0a\04main\12\17https://api.example.com2&\0a\07api_key\10\03\18\01B\17\01\04AWS4\02\07api_key\10\02\07!\03\07!\03:\19\08\01\12\0dauthorization\1a\06Bearer")
  (data (i32.const 0x800) ;; the plan
    "\0a)\08\01\12\05x-sig\1a\1e\01\04AWS4\02\07api_key\10\02\01\0820261123!\03\11")
  (func (export "seks_v1_buffer") (param i32) (result i32) (i32.const 0x10000))
  (func (export "seks_v1_manifest") (result i64) (i64.const 0x00000400_0000007b))
  (func (export "seks_v1_plan") (param i32) (result i64) (i64.const 0x00000800_0000002b))
  (func (export "seks_v1_scrub") (param i32) (result i64) (i64.const 0)))
