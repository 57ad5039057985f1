;; It prints to stdout instead of logging.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 40)
  (data (i32.const 1024) "{\"status\":\"ok\"}")
  (data (i32.const 2048) "\00\09\00\00\06\00\00\00") ;; 6 bytes at 2304
  (data (i32.const 2304) "hello\0a")
  (func $version (export "lessee_abi_version") (result i32)
    i32.const 1)
  (func $alloc (export "lessee_alloc") (param $size i32) (result i32)
    i32.const 65536)
  (func $execute (export "lessee_execute") (param $at i32) (param $size i32) (result i64)
    i32.const 1
    i32.const 2048
    i32.const 1
    i32.const 3000
    call $fd_write
    drop
    i64.const 0x400_0000000f)
)
