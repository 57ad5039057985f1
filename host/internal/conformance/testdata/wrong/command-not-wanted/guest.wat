;; It asks for a command that its manifest does not want.
(module
  (memory (export "memory") 40)
  (data (i32.const 1024) "{\"status\":\"ok\",\"commands\":[{\"name\":\"page_publish\",\"args\":{}}]}")
  (func $version (export "lessee_abi_version") (result i32)
    i32.const 1)
  (func $alloc (export "lessee_alloc") (param $size i32) (result i32)
    i32.const 65536)
  (func $execute (export "lessee_execute") (param $at i32) (param $size i32) (result i64)
    i64.const 0x400_0000003e) ;; at << 32 | size
  (@custom "lessee.manifest" "{\"name\":\"command-not-wanted\",\"version\":\"1\",\"abi\":1,\"wants\":{},\"schemas\":{}}")
)
