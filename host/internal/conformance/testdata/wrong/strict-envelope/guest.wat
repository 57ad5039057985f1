;; It knows the envelope by its first bytes, and fails on those of a later host.
(module
  (memory (export "memory") 40)
  (data (i32.const 1024) "{\"status\":\"ok\"}")
  (data (i32.const 2048) "{\"status\":\"fail\",\"error\":{\"code\":\"odd\",\"message\":\"unknown field\"}}")
  (func $version (export "lessee_abi_version") (result i32)
    i32.const 1)
  (func $alloc (export "lessee_alloc") (param $size i32) (result i32)
    i32.const 65536)
  (func $execute (export "lessee_execute") (param $at i32) (param $size i32) (result i64)
    local.get $at
    i64.load
    i64.const 0x313a22696261227b ;; {"abi":1
    i64.ne
    if
      i64.const 0x800_00000042
      return
    end
    i64.const 0x400_0000000f)
)
