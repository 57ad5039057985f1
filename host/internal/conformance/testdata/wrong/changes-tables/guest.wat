;; It changes a table while it runs, so that its state can not be kept.
(module
  (memory (export "memory") 40)
  (data (i32.const 1024) "{\"status\":\"ok\"}")
  (func $version (export "lessee_abi_version") (result i32)
    i32.const 1)
  (func $alloc (export "lessee_alloc") (param $size i32) (result i32)
    i32.const 65536)
  (func $execute (export "lessee_execute") (param $at i32) (param $size i32) (result i64)
    i64.const 0x400_0000000f) ;; at << 32 | size
  (table $handlers 1 funcref)
  (func $register
    i32.const 0
    ref.func $alloc
    table.set $handlers)
  (elem declare func $alloc)
)
