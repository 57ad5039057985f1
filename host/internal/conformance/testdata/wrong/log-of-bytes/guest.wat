;; It logs bytes that are no text.
(module
  (import "lessee_v1" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 40)
  (data (i32.const 1024) "{\"status\":\"ok\"}")
  (data (i32.const 2048) "key \ff\fe\00")
  (func $version (export "lessee_abi_version") (result i32)
    i32.const 1)
  (func $alloc (export "lessee_alloc") (param $size i32) (result i32)
    i32.const 65536)
  (func $execute (export "lessee_execute") (param $at i32) (param $size i32) (result i64)
    i32.const 1
    i32.const 2048
    i32.const 7
    call $log
    i64.const 0x400_0000000f)
)
