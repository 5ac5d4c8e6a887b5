package pipeline_test

import (
	"encoding/binary"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// module assembles the smallest guest that says what it is given: its three
// answers lie in its memory, and its functions return where.
func module(m *abi.Manifest, plan *abi.Plan, scrub []byte) []byte {
	const at, room = 0x1000, 0x8000 // one answer every 0x8000 bytes
	answers := [][]byte{m.Marshal(), plan.Marshal(), scrub}
	pointer := func(i int) []byte {
		return sleb(int64(at+i*room)<<32 | int64(len(answers[i])))
	}
	const i32, i64 = 0x7f, 0x7e
	out := []byte("\x00asm\x01\x00\x00\x00")
	out = section(out, 1, 3, []byte{0x60, 1, i32, 1, i32}, []byte{0x60, 0, 1, i64}, []byte{0x60, 1, i32, 1, i64})
	out = section(out, 3, 4, []byte{0}, []byte{1}, []byte{2}, []byte{2})
	out = section(out, 5, 1, []byte{0, 32})
	out = section(out, 7, 5, export("memory", 2, 0), export(abi.ExportBuffer, 0, 0), export(abi.ExportManifest, 0, 1),
		export(abi.ExportPlan, 0, 2), export(abi.ExportScrub, 0, 3))
	out = section(out, 10, 4, body(0x41, sleb(0x100000)), body(0x42, pointer(0)), body(0x42, pointer(1)), body(0x42, pointer(2)))
	var data [][]byte
	for i, a := range answers {
		segment := append(append([]byte{0, 0x41}, sleb(int64(at+i*room))...), 0x0b)
		data = append(data, sized(segment, a))
	}
	return section(out, 11, len(data), data...)
}

func section(out []byte, id byte, count int, parts ...[]byte) []byte {
	content := binary.AppendUvarint(nil, uint64(count))
	for _, p := range parts {
		content = append(content, p...)
	}
	return sized(append(out, id), content)
}

func sized(out, content []byte) []byte {
	return append(binary.AppendUvarint(out, uint64(len(content))), content...)
}

func export(name string, kind, index byte) []byte {
	return append(sized(nil, []byte(name)), kind, index)
}

// body is a function without locals that pushes a constant.
func body(op byte, constant []byte) []byte {
	code := append(append([]byte{0, op}, constant...), 0x0b)
	return sized(nil, code)
}

func sleb(v int64) []byte {
	var out []byte
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}
