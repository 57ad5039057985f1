;; It logs without end.
(module
  (import "lessee_v1" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 40)
  (data (i32.const 1024) "working on it")
  (func $version (export "lessee_abi_version") (result i32)
    i32.const 1)
  (func $alloc (export "lessee_alloc") (param $size i32) (result i32)
    i32.const 65536)
  (func $execute (export "lessee_execute") (param $at i32) (param $size i32) (result i64)
    loop $again
      i32.const 1
      i32.const 1024
      i32.const 13
      call $log
      br $again
    end
    unreachable)
)
