;; It recurses without end.
(module
  (memory (export "memory") 40)
  (func $version (export "lessee_abi_version") (result i32)
    i32.const 1)
  (func $alloc (export "lessee_alloc") (param $size i32) (result i32)
    i32.const 65536)
  (func $execute (export "lessee_execute") (param $at i32) (param $size i32) (result i64)
    local.get $at
    call $descend
    unreachable)
  (func $descend (param $n i32) (result i32)
    local.get $n
    call $descend
    i32.const 1
    i32.add)
)
