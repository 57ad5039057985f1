;; It allocates without bound.
(module
  (memory (export "memory") 40)
  (func $version (export "lessee_abi_version") (result i32)
    i32.const 1)
  (func $alloc (export "lessee_alloc") (param $size i32) (result i32)
    i32.const 65536)
  (func $execute (export "lessee_execute") (param $at i32) (param $size i32) (result i64)
    loop $again
      i32.const 16
      memory.grow
      i32.const 0
      i32.ge_s
      br_if $again
    end
    unreachable)
)
