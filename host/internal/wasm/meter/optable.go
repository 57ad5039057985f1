package meter

// The tables follow the index of instructions of the specification, version 2.
// Source: https://webassembly.github.io/spec/core/appendix/index-instructions.html

func plainRanges() []opRange {
	return []opRange{
		{0x00, 0x00, immNone, 0, 0, 1}, // unreachable
		{0x01, 0x01, immNone, 0, 0, 0}, // nop
		{0x02, 0x03, immBlock, 0, 0, 0},
		{0x04, 0x04, immBlock, 1, 0, 1}, // if
		{0x05, 0x05, immNone, 0, 0, 0},  // else
		{0x0b, 0x0b, immNone, 0, 0, 0},  // end
		{0x0c, 0x0c, immIndex, 0, 0, 1}, // br
		{0x0d, 0x0d, immIndex, 1, 0, 1}, // br_if
		{0x0e, 0x0e, immTable, 1, 0, costBrTable},
		{0x0f, 0x0f, immNone, 0, 0, 1},         // return
		{0x10, 0x10, immIndex, 0, 0, costCall}, // operands: the callee's
		{0x11, 0x11, immPair, 1, 0, costIndirect},
		{0x1a, 0x1a, immNone, 1, 0, 1},   // drop
		{0x1b, 0x1b, immNone, 3, 1, 1},   // select
		{0x1c, 0x1c, immSelect, 3, 1, 1}, // select with a type
		{0x20, 0x20, immIndex, 0, 1, 1},  // local.get
		{0x21, 0x21, immIndex, 1, 0, 1},
		{0x22, 0x22, immIndex, 1, 1, 1},
		{0x23, 0x23, immIndex, 0, 1, 1}, // global.get
		{0x24, 0x24, immIndex, 1, 0, 1},
		{0x25, 0x25, immIndex, 1, 1, 1}, // table.get
		{0x26, 0x26, immIndex, 2, 0, 1},
		{0x28, 0x35, immMemory, 1, 1, 1}, // loads
		{0x36, 0x3e, immMemory, 2, 0, 1}, // stores
		{0x3f, 0x3f, immZero, 0, 1, 1},   // memory.size
		{0x40, 0x40, immZero, 1, 1, costExit},
		{0x41, 0x41, imm32, 0, 1, 1},
		{0x42, 0x42, imm64, 0, 1, 1},
		{0x43, 0x43, imm4, 0, 1, 1},
		{0x44, 0x44, imm8, 0, 1, 1},
		{0x45, 0x45, immNone, 1, 1, 1}, // i32: eqz, comparisons
		{0x46, 0x4f, immNone, 2, 1, 1},
		{0x50, 0x50, immNone, 1, 1, 1}, // i64
		{0x51, 0x5a, immNone, 2, 1, 1},
		{0x5b, 0x66, immNone, 2, 1, 1}, // f32, f64
		{0x67, 0x69, immNone, 1, 1, 1}, // i32: bits, arithmetic
		{0x6a, 0x6c, immNone, 2, 1, 1},
		{0x6d, 0x70, immNone, 2, 1, costDivide},
		{0x71, 0x78, immNone, 2, 1, 1},
		{0x79, 0x7b, immNone, 1, 1, 1}, // i64
		{0x7c, 0x7e, immNone, 2, 1, 1},
		{0x7f, 0x82, immNone, 2, 1, costDivide},
		{0x83, 0x8a, immNone, 2, 1, 1},
		{0x8b, 0x90, immNone, 1, 1, 1}, // f32
		{0x91, 0x91, immNone, 1, 1, costDivide},
		{0x92, 0x94, immNone, 2, 1, 1},
		{0x95, 0x95, immNone, 2, 1, costDivide},
		{0x96, 0x98, immNone, 2, 1, 1},
		{0x99, 0x9e, immNone, 1, 1, 1}, // f64
		{0x9f, 0x9f, immNone, 1, 1, costDivide},
		{0xa0, 0xa2, immNone, 2, 1, 1},
		{0xa3, 0xa3, immNone, 2, 1, costDivide},
		{0xa4, 0xa6, immNone, 2, 1, 1},
		{0xa7, 0xc4, immNone, 1, 1, 1}, // conversions, sign extension
		{0xd0, 0xd0, immRef, 0, 1, 1},
		{0xd1, 0xd1, immNone, 1, 1, 1},
		{0xd2, 0xd2, immIndex, 0, 1, costExit}, // ref.func
	}
}

func miscRanges() []opRange {
	return []opRange{
		{0, 7, immNone, 1, 1, 1},     // saturating conversions
		{8, 8, immSeg, 3, 0, 10},     // memory.init
		{9, 9, immIndex, 0, 0, 1},    // data.drop
		{10, 10, immZeros, 3, 0, 10}, // memory.copy
		{11, 11, immZero, 3, 0, 10},  // memory.fill
		{12, 12, immPair, 3, 0, 10},  // table.init
		{13, 13, immIndex, 0, 0, 1},  // elem.drop
		{14, 14, immPair, 3, 0, 10},  // table.copy
		{15, 15, immIndex, 2, 1, costExit},
		{16, 16, immIndex, 0, 1, 1},  // table.size
		{17, 17, immIndex, 3, 0, 10}, // table.fill
	}
}

func vecRanges() []opRange {
	const c = costVec
	return []opRange{
		{0x00, 0x0a, immMemory, 1, 1, c}, // loads
		{0x0b, 0x0b, immMemory, 2, 0, c},
		{0x0c, 0x0c, imm16, 0, 1, c}, // v128.const
		{0x0d, 0x0d, imm16, 2, 1, c}, // shuffle
		{0x0e, 0x0e, immNone, 2, 1, c},
		{0x0f, 0x14, immNone, 1, 1, c}, // splats
		{0x15, 0x16, immLane, 1, 1, c},
		{0x17, 0x17, immLane, 2, 1, c},
		{0x18, 0x19, immLane, 1, 1, c},
		{0x1a, 0x1a, immLane, 2, 1, c},
		{0x1b, 0x1b, immLane, 1, 1, c},
		{0x1c, 0x1c, immLane, 2, 1, c},
		{0x1d, 0x1d, immLane, 1, 1, c},
		{0x1e, 0x1e, immLane, 2, 1, c},
		{0x1f, 0x1f, immLane, 1, 1, c},
		{0x20, 0x20, immLane, 2, 1, c},
		{0x21, 0x21, immLane, 1, 1, c},
		{0x22, 0x22, immLane, 2, 1, c},
		{0x23, 0x4c, immNone, 2, 1, c}, // comparisons
		{0x4d, 0x4d, immNone, 1, 1, c},
		{0x4e, 0x51, immNone, 2, 1, c},
		{0x52, 0x52, immNone, 3, 1, c}, // bitselect
		{0x53, 0x53, immNone, 1, 1, c},
		{0x54, 0x57, immMemLane, 2, 1, c},
		{0x58, 0x5b, immMemLane, 2, 0, c},
		{0x5c, 0x5d, immMemory, 1, 1, c},
		{0x5e, 0x64, immNone, 1, 1, c},
		{0x65, 0x66, immNone, 2, 1, c},
		{0x67, 0x6a, immNone, 1, 1, c},
		{0x6b, 0x73, immNone, 2, 1, c},
		{0x74, 0x75, immNone, 1, 1, c},
		{0x76, 0x79, immNone, 2, 1, c},
		{0x7a, 0x7a, immNone, 1, 1, c},
		{0x7b, 0x7b, immNone, 2, 1, c},
		{0x7c, 0x81, immNone, 1, 1, c},
		{0x82, 0x82, immNone, 2, 1, c},
		{0x83, 0x84, immNone, 1, 1, c},
		{0x85, 0x86, immNone, 2, 1, c},
		{0x87, 0x8a, immNone, 1, 1, c},
		{0x8b, 0x93, immNone, 2, 1, c},
		{0x94, 0x94, immNone, 1, 1, c},
		{0x95, 0x99, immNone, 2, 1, c},
		{0x9b, 0x9f, immNone, 2, 1, c},
		{0xa0, 0xa1, immNone, 1, 1, c},
		{0xa3, 0xa4, immNone, 1, 1, c},
		{0xa7, 0xaa, immNone, 1, 1, c},
		{0xab, 0xae, immNone, 2, 1, c},
		{0xb1, 0xb1, immNone, 2, 1, c},
		{0xb5, 0xba, immNone, 2, 1, c},
		{0xbc, 0xbf, immNone, 2, 1, c},
		{0xc0, 0xc1, immNone, 1, 1, c},
		{0xc3, 0xc4, immNone, 1, 1, c},
		{0xc7, 0xca, immNone, 1, 1, c},
		{0xcb, 0xce, immNone, 2, 1, c},
		{0xd1, 0xd1, immNone, 2, 1, c},
		{0xd5, 0xdf, immNone, 2, 1, c},
		{0xe0, 0xe1, immNone, 1, 1, c},
		{0xe3, 0xe3, immNone, 1, 1, c},
		{0xe4, 0xeb, immNone, 2, 1, c},
		{0xec, 0xed, immNone, 1, 1, c},
		{0xef, 0xef, immNone, 1, 1, c},
		{0xf0, 0xf7, immNone, 2, 1, c},
		{0xf8, 0xff, immNone, 1, 1, c},
	}
}
