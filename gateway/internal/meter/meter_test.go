package meter

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// section is one section of a module.
func section(id byte, body ...byte) []byte {
	return append(binary.AppendUvarint([]byte{id}, uint64(len(body))), body...)
}

func assembled(sections ...[]byte) []byte {
	return append([]byte("\x00asm\x01\x00\x00\x00"), bytes.Join(sections, nil)...)
}

func u32(n uint64) []byte { return binary.AppendUvarint(nil, n) }

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// function is a body with these groups of locals.
func function(groups ...[]byte) []byte {
	body := join(u32(uint64(len(groups))), bytes.Join(groups, nil), []byte{0x0b})
	return append(u32(uint64(len(body))), body...)
}

// whole is a module with n functions of type () → (), these bodies, and further
// sections by id.
func whole(n int, code []byte, more map[byte][]byte) []byte {
	parts := map[byte][]byte{typeSection: {1, 0x60, 0, 0}}
	if n > 0 {
		parts[functionSection] = join(u32(uint64(n)), make([]byte, n))
		parts[codeSection] = join(u32(uint64(n)), code)
	}
	for id, body := range more {
		parts[id] = body
	}
	var sections [][]byte
	for _, id := range order {
		if body, ok := parts[id]; ok {
			sections = append(sections, section(id, body...))
		}
	}
	return assembled(sections...)
}

// does is a function of these instructions.
func does(instructions ...byte) []byte {
	body := join([]byte{0}, instructions, []byte{0x0b})
	return append(u32(uint64(len(body))), body...)
}

func TestTablesGetABound(t *testing.T) {
	tests := []struct {
		name     string
		in, want []byte
		fault    string
	}{
		{"no maximum", []byte{1, 0x70, 0, 5}, join([]byte{1, 0x70, 1, 5}, u32(maxTableEntries)), ""},
		{"a maximum within bounds", []byte{1, 0x70, 1, 5, 9}, []byte{1, 0x70, 1, 5, 9}, ""},
		{"a maximum beyond", join([]byte{1, 0x6f, 1, 5}, u32(1<<32-1)), join([]byte{1, 0x6f, 1, 5}, u32(maxTableEntries)), ""},
		{"two", []byte{2, 0x70, 0, 1, 0x6f, 1, 0, 2}, join([]byte{2, 0x70, 1, 1}, u32(maxTableEntries), []byte{0x6f, 1, 0, 2}), ""},
		{"none", []byte{0}, []byte{0}, ""},
		{"as large as may be", join([]byte{1, 0x70, 0}, u32(maxTableEntries)), join([]byte{1, 0x70, 1}, u32(maxTableEntries), u32(maxTableEntries)), ""},
		{"larger", join([]byte{1, 0x70, 0}, u32(maxTableEntries+1)), nil, "a table of 262145 entries"},
		{"too many", append([]byte{17}, bytes.Repeat([]byte{0x70, 0, 1}, 17)...), nil, "17 tables; at most 16"},
		{"of a kind of later", []byte{1, 0x40, 0, 0x70, 0, 1}, nil, "a table of a kind (0x40)"},
		{"with flags of later", []byte{1, 0x70, 2, 1}, nil, "a table of a kind"},
		{"cut", []byte{1, 0x70, 1, 5}, nil, "cut short"},
		{"with something behind", []byte{1, 0x70, 0, 5, 0}, nil, "cut short"},
	}
	for _, tt := range tests {
		out, err := Module(whole(0, nil, map[byte][]byte{tableSection: tt.in}))
		if tt.fault != "" {
			if err == nil || !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("%s: %v, want %q", tt.name, err, tt.fault)
			}
			continue
		}
		if err != nil || !bytes.Contains(out, section(tableSection, tt.want...)) {
			t.Errorf("%s: %v, % x has no % x", tt.name, err, out, tt.want)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	many := bytes.Repeat(function(join(u32(maxLocals), []byte{0x7f})), maxLocalsInTotal/maxLocals+1)
	one := func(instructions ...byte) []byte { return whole(1, does(instructions...), nil) }
	part := func(id byte, body ...byte) []byte {
		return whole(2, join(does(), does()), map[byte][]byte{id: body})
	}
	tests := []struct {
		name  string
		in    []byte
		fault string // "" where it is fine
	}{
		{"as many locals as may be", whole(1, function(join(u32(maxLocals-1), []byte{0x7f}), []byte{1, 0x7e}), nil), ""},
		{"one more", whole(1, function(join(u32(maxLocals-1), []byte{0x7f}), []byte{2, 0x7e}), nil), "a function of 50001 locals"},
		{"four billion", whole(1, function(join(u32(1<<32-1), []byte{0x7f})), nil), "a function of 4294967295 locals"},
		{"too many in all", whole(maxLocalsInTotal/maxLocals+1, many, nil), "in all"},
		// A type of two bytes would let the next count hide behind it.
		{"hidden", whole(1, function([]byte{1, 0x63, 0x70}, join(u32(1<<32-1), []byte{0x7f})), nil), "a local of a type"},
		{"more functions than bytes", assembled(section(codeSection, 0xff, 0xff, 0xff, 0xff, 0x0f)), "cut short"},
		{"more imports than bytes", assembled(section(2, 0xff, 0xff, 0xff, 0xff, 0x0f)), "cut short"},
		{"more types than bytes", assembled(section(1, 9, 0x60)), "cut short"},
		{"more results than a type may have", assembled(section(1, 1, 0x60, 1, 0x7f, 0x80, 0x80, 0x80, 0x80, 2)), "with 536870912 values"},
		{"a type cut short", assembled(section(1, 1, 0x60, 1)), "cut short"},
		{"a type of later", assembled(section(1, 1, 0x5f, 0)), "a type of a kind (0x5f)"},
		{"a count over 32 bits", assembled(section(1, 0xff, 0xff, 0xff, 0xff, 0x1f)), "cut short"},
		{"an element segment", part(elementSection, 1, 0, 0x41, 0x80, 0x20, 0x0b, 2, 0, 1), ""},
		{"a passive one", part(elementSection, 1, 1, 0, 1, 0), ""},
		{"one of another table", part(elementSection, 1, 2, 1, 0x41, 0, 0x0b, 0, 1, 0), ""},
		{"one of expressions", part(elementSection, 1, 4, 0x41, 0, 0x0b, 2, 0xd2, 0, 0x0b, 0xd0, 0x70, 0x0b), ""},
		{"a passive one of expressions", part(elementSection, 1, 5, 0x70, 1, 0xd2, 0, 0x0b), ""},
		{"one with more entries than bytes", part(elementSection, 1, 0, 0x41, 0, 0x0b, 0xff, 0xff, 0xff, 0xff, 0x0f), "cut short"},
		{"with flags of later", part(elementSection, 1, 8, 0, 0, 0), "cut short"},
		{"with an offset that is computed", part(elementSection, 1, 0, 0x41, 0, 0x41, 0, 0x6a, 0x0b, 0), "computed in a way"},
		{"a start section", assembled(section(startSection, 0)), "start section"},
		{"a data count, which is none of entries", assembled(section(dataCountSection, 9)), ""},
		{"a section of later", assembled(section(13, 0)), "a section (13)"},
		{"a section twice", assembled(section(1, 0), section(1, 0)), "cut short"},
		{"a section out of its order", assembled(section(functionSection, 0), section(typeSection, 0)), "cut short"},
		{"a section that ends early", assembled([]byte{1, 9, 0}), "cut short"},
		{"a section without a size", assembled([]byte{1}), "cut short"},
		{"more code than functions", assembled(section(codeSection, join(u32(1), does())...)), "cut short"},
		{"a vector", one(0xfd, 0x0c), "build it without SIMD"},
		{"a tail call", one(0x12, 0), "(0x12)"},
		{"threads", one(0xfe, 0x03, 0), "(0xfe)"},
		{"code behind the end", whole(1, join(u32(4), []byte{0, 0x0b, 0x01, 0x0b}), nil), "cut short"},
		{"code without an end", whole(1, join(u32(2), []byte{0, 0x01}), nil), "cut short"},
		{"an end too few", one(0x03, 0x40), "cut short"},
		{"a block of one type of the module's", one(0x02, 0, 0x0b), ""},
		{"a block of a type that is not there", one(0x02, 1, 0x0b), "cut short"},
		{"an import of the host's", part(importSection, join(u32(1), u32(uint64(len(ImportModule))), []byte(ImportModule), []byte{1, 'x', 0, 0})...), "the host's own"},

		// What was put in is out of reach: the counter, the function that asks, and
		// the one that weighs.
		{"the counter is read", one(opGlobalGet, 0, 0x1a), "cut short"},
		{"the counter is set", one(opI64Const, 1, opGlobalSet, 0), "cut short"},
		{"the counter is exported", part(exportSection, 1, 1, 'x', 3, 0), "cut short"},
		{"the counter begins a global", part(globalSection, 1, 0x7e, 0, opGlobalGet, 1, 0x0b), "cut short"},
		{"the counter places data", part(dataSection, 1, 0, opGlobalGet, 0, 0x0b, 0), "cut short"},
		{"the counter places functions", part(elementSection, 1, 0, opGlobalGet, 0, 0x0b, 0), "cut short"},
		{"weigh is called", one(0x41, 0, opCall, 1), "cut short"},
		{"weigh is exported", part(exportSection, 1, 1, 'x', 0, 2), "cut short"},
		{"weigh is in a table", part(elementSection, 1, 0, 0x41, 0, 0x0b, 1, 2), "cut short"},
		{"weigh is referred to", one(opRefFunc, 1, 0x1a), "cut short"},
		{"weigh's type is used", one(0x41, 0, 0x11, 1, 0), "cut short"},
	}
	for _, tt := range tests {
		_, err := Module(tt.in)
		if tt.fault == "" && err != nil || tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.fault)
		}
	}
}

func TestCustomSectionsAreLeftOut(t *testing.T) {
	name := section(customSection, append([]byte{4}, "name\x01\xff\xff\xff\xff\x0f"...)...)
	plain, err := Module(assembled(section(1, 0)))
	got, err2 := Module(assembled(name, section(1, 0), name))
	if err != nil || err2 != nil || !bytes.Equal(got, plain) {
		t.Errorf("% x, %v, %v", got, err, err2)
	}
}

// The worked bytes: a function of one loop without an end.
func TestALoopCounts(t *testing.T) {
	out, err := Module(whole(1, does(0x03, 0x40, 0x0c, 0, 0x0b), nil))
	if err != nil {
		t.Fatal(err)
	}
	head := func(price byte) []byte {
		return []byte{
			0x23, 0, 0x42, 0x80 | price, 0x80, 0x80, 0x80, 0, 0x7d, 0x24, 0, // counter -= price
			0x23, 0, 0x42, 0, 0x53, 0x04, 0x40, // if counter < 0
			0x10, 0, 0x24, 0, 0x0b, // counter = next()
		}
	}
	want := join([]byte{0}, head(1), []byte{0x03, 0x40}, head(1), []byte{0x0c, 0, 0x0b, 0x0b})
	if !bytes.Contains(out, want) {
		t.Errorf("% x\nhas no\n% x", out, want)
	}
}

// A long straight line costs more than a short one.
func TestCodeIsPricedByItsLength(t *testing.T) {
	for instructions, want := range map[int]byte{6: 1, 7: 2, 8*100 + 7: 102} {
		out, err := Module(whole(1, does(bytes.Repeat([]byte{0x01}, instructions)...), nil))
		if price := []byte{0, 0x23, 0, 0x42, want | 0x80, 0x80, 0x80, 0x80, 0}; err != nil || !bytes.Contains(out, price) {
			t.Errorf("%d: %v, no % x in % x", instructions, err, price, out)
		}
	}
}

// Data segments are joined where that changes nothing of what a memory begins as.
func TestDataIsJoined(t *testing.T) {
	at := func(n uint64, content string) []byte {
		return join(appendSigned([]byte{0, 0x41}, n), []byte{0x0b}, u32(uint64(len(content))), []byte(content))
	}
	far := uint64(3 + nearby)
	tests := []struct {
		name     string
		in, want []byte
		count    bool // a data count section
	}{
		{"one behind the other", join(u32(3), at(0, "abc"), at(3, "de"), at(10, "f")), join(u32(1), at(0, "abcde\x00\x00\x00\x00\x00f")), false},
		{"far", join(u32(2), at(0, "abc"), at(far, "d")), join(u32(1), at(0, "abc"+strings.Repeat("\x00", nearby)+"d")), false},
		{"farther", join(u32(2), at(0, "abc"), at(far+1, "d")), join(u32(2), at(0, "abc"), at(far+1, "d")), false},
		{"one over the other", join(u32(2), at(0, "abc"), at(2, "d")), join(u32(2), at(0, "abc"), at(2, "d")), false},
		{"one before the other", join(u32(3), at(100, "x"), at(0, "abc"), at(4, "d")), join(u32(2), at(0, "abc\x00d"), at(100, "x")), false},
		{"one in what others are joined over", join(u32(3), at(0, "abc"), at(10, "d"), at(5, "0123456789")), join(u32(3), at(0, "abc"), at(10, "d"), at(5, "0123456789")), false},
		{"large addresses", join(u32(2), at(1<<31-1, "a"), at(1<<31, "b")), join(u32(2), at(1<<31-1, "a"), at(1<<31, "b")), false},
		{"named by their index", join(u32(2), at(0, "a"), at(1, "b")), join(u32(2), at(0, "a"), at(1, "b")), true},
		{"a passive one", join(u32(2), at(0, "a"), []byte{1, 1, 'b'}), join(u32(2), at(0, "a"), []byte{1, 1, 'b'}), false},
	}
	for _, tt := range tests {
		more := map[byte][]byte{dataSection: tt.in}
		if tt.count {
			more[dataCountSection] = []byte{2}
		}
		before := bytes.Clone(tt.in)
		out, err := Module(whole(0, nil, more))
		if err != nil || !bytes.HasSuffix(out, section(dataSection, tt.want...)) {
			t.Errorf("%s: %v, % x does not end with % x", tt.name, err, out, tt.want)
		}
		if !bytes.Equal(before, tt.in) {
			t.Errorf("%s: the module was changed", tt.name)
		}
	}
}

// FuzzModule: whatever the bytes, the end is a module or a sentence, and what comes
// out is a module to this reader.
func FuzzModule(f *testing.F) {
	f.Add(whole(1, does(0x03, 0x40, 0x0c, 0, 0x0b), nil))
	f.Add(whole(2, join(does(0x0e, 1, 0, 0), does(opCall, 0)), map[byte][]byte{
		elementSection: {1, 4, 0x41, 0, 0x0b, 2, 0xd2, 0, 0x0b, 0xd0, 0x70, 0x0b},
		exportSection:  {1, 1, 'x', 0, 0}, globalSection: {1, 0x7e, 0, 0x42, 1, 0x0b}, tableSection: {1, 0x70, 0, 5}, dataSection: {1, 1, 0},
	}))
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := Module(b)
		if err != nil {
			return
		}
		m, err := read(out)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Module(out); err == nil || !strings.Contains(err.Error(), "the host's own") {
			t.Fatalf("a module that has the host's import: %v", err)
		}
		if count, _ := m.entries(codeSection); count == 0 {
			t.Fatal("what was put in has no code")
		}
	})
}
