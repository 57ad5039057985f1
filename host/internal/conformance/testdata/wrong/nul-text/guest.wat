;; A text of its output holds NUL, which Postgres can not store.
(module
  (memory (export "memory") 40)
  (data (i32.const 1024) "{\"status\":\"ok\",\"output\":{\"title\":\"a\5cu0000b\"}}")
  (func $version (export "lessee_abi_version") (result i32)
    i32.const 1)
  (func $alloc (export "lessee_alloc") (param $size i32) (result i32)
    i32.const 65536)
  (func $execute (export "lessee_execute") (param $at i32) (param $size i32) (result i64)
    i64.const 0x400_0000002d) ;; at << 32 | size
)
