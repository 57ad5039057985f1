;; It divides by nothing, in a function that has a name.
(module
  (memory (export "memory") 40)
  (data (i32.const 1024) "{\"status\":\"ok\"}")
  (func $version (export "lessee_abi_version") (result i32)
    i32.const 1)
  (func $alloc (export "lessee_alloc") (param $size i32) (result i32)
    i32.const 65536)
  (func $execute (export "lessee_execute") (param $at i32) (param $size i32) (result i64)
    local.get $at
    call $share_out
    drop
    i64.const 0x400_0000000f)
  (func $share_out (param $n i32) (result i32)
    local.get $n
    i32.const 0
    i32.div_u)
)
