;; It copies the envelope into a buffer that is too small for large ones.
(module
  (memory (export "memory") 40)
  (data (i32.const 1024) "{\"status\":\"ok\"}")
  (func $version (export "lessee_abi_version") (result i32)
    i32.const 1)
  (func $alloc (export "lessee_alloc") (param $size i32) (result i32)
    i32.const 65536)
  (func $execute (export "lessee_execute") (param $at i32) (param $size i32) (result i64)
    local.get $size
    i32.const 100000
    i32.gt_u
    if
      call $overflow
    end
    i64.const 0x400_0000000f)
  (func $overflow
    unreachable)
)
