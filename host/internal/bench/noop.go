package bench

// noop is a module of the core contract that answers {"status":"ok"} and does
// nothing else. It is written out by hand, because it needs no compiler:
//
//	(memory 2) (data (i32.const 8) "{\"status\":\"ok\"}")
//	(func (export "lessee_abi_version") (result i32) i32.const 1)
//	(func (export "lessee_alloc") (param i32) (result i32) i32.const 1024)
//	(func (export "lessee_execute") (param i32 i32) (result i64) i64.const 8<<32|15)
func noop() []byte {
	var b []byte
	section := func(id byte, body ...byte) { b = append(append(b, id, byte(len(body))), body...) }
	name := func(s string) []byte { return append([]byte{byte(len(s))}, s...) }
	b = append(b, "\x00asm\x01\x00\x00\x00"...)
	section(1, 3, 0x60, 0, 1, 0x7f, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 2, 0x7f, 0x7f, 1, 0x7e)
	section(3, 3, 0, 1, 2)
	section(5, 1, 0, 2)
	exports := append([]byte{4}, append(name("memory"), 2, 0)...)
	for i, export := range []string{"lessee_abi_version", "lessee_alloc", "lessee_execute"} {
		exports = append(append(exports, name(export)...), 0, byte(i))
	}
	section(7, exports...)
	section(10, 3, 4, 0, 0x41, 1, 0x0b, 5, 0, 0x41, 0x80, 0x08, 0x0b, 9, 0, 0x42, 0x8f, 0x80, 0x80, 0x80, 0x80, 0x01, 0x0b)
	section(11, append([]byte{1, 0, 0x41, 8, 0x0b}, name(`{"status":"ok"}`)...)...)
	return b
}
