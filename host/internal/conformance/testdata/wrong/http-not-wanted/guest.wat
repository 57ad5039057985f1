;; It uses HTTP, and its manifest says nothing of that.
(module
  (import "lessee_v1" "http" (func $http (param i32 i32) (result i32)))
  (memory (export "memory") 40)
  (data (i32.const 1024) "{\"status\":\"ok\"}")
  (func $version (export "lessee_abi_version") (result i32)
    i32.const 1)
  (func $alloc (export "lessee_alloc") (param $size i32) (result i32)
    i32.const 65536)
  (func $execute (export "lessee_execute") (param $at i32) (param $size i32) (result i64)
    i64.const 0x400_0000000f) ;; at << 32 | size
  (@custom "lessee.manifest" "{\"name\":\"http-not-wanted\",\"version\":\"1\",\"abi\":1,\"wants\":{},\"schemas\":{}}")
)
