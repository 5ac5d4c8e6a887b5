package plugin

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"testing"
)

// section is one section of a module.
func section(id byte, body ...byte) []byte {
	return append(binary.AppendUvarint([]byte{id}, uint64(len(body))), body...)
}

func module(sections ...[]byte) []byte {
	return append([]byte("\x00asm\x01\x00\x00\x00"), bytes.Join(sections, nil)...)
}

func u32(n uint64) []byte { return binary.AppendUvarint(nil, n) }

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// function is a body with these groups of locals.
func function(groups ...[]byte) []byte {
	body := join(u32(uint64(len(groups))), bytes.Join(groups, nil), []byte{0x0b})
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
		got, err := bounded(module(section(tableSection, tt.in...)))
		if tt.fault != "" {
			if err == nil || !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("%s: %v, want %q", tt.name, err, tt.fault)
			}
			continue
		}
		if want := module(section(tableSection, tt.want...)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: % x, %v, want % x", tt.name, got, err, want)
		}
	}
}

func TestModulesThatClaimTooMuch(t *testing.T) {
	many := bytes.Repeat(function(join(u32(maxLocals), []byte{0x7f})), maxLocalsInTotal/maxLocals+1)
	tests := []struct {
		name  string
		in    []byte
		fault string // "" where it is fine
	}{
		{"as many locals as may be", section(codeSection, join(u32(1), function(join(u32(maxLocals-1), []byte{0x7f}), []byte{1, 0x7e}))...), ""},
		{"one more", section(codeSection, join(u32(1), function(join(u32(maxLocals-1), []byte{0x7f}), []byte{2, 0x7e}))...), "a function of 50001 locals"},
		{"four billion", section(codeSection, join(u32(1), function(join(u32(1<<32-1), []byte{0x7f})))...), "a function of 4294967295 locals"},
		{"too many in all", section(codeSection, join(u32(maxLocalsInTotal/maxLocals+1), many)...), "in all"},
		// A type of two bytes would let the next count hide behind it.
		{"hidden", section(codeSection, join(u32(1), function([]byte{1, 0x63, 0x70}, join(u32(1<<32-1), []byte{0x7f})))...), "a local of a type"},
		{"more functions than bytes", section(codeSection, 0xff, 0xff, 0xff, 0xff, 0x0f), "cut short"},
		{"more imports than bytes", section(2, 0xff, 0xff, 0xff, 0xff, 0x0f), "cut short"},
		{"more types than bytes", section(1, 9, 0x60), "cut short"},
		{"a count over 32 bits", section(1, 0xff, 0xff, 0xff, 0xff, 0x1f), "cut short"},
		{"an element segment", section(elementSection, 1, 0, 0x41, 0x80, 0x20, 0x0b, 2, 0, 1), ""},
		{"a passive one", section(elementSection, 1, 1, 0, 1, 0), ""},
		{"one of another table", section(elementSection, 1, 2, 1, 0x23, 0, 0x0b, 0, 1, 0), ""},
		{"one of expressions", section(elementSection, 1, 4, 0x41, 0, 0x0b, 2, 0xd2, 0, 0x0b, 0xd0, 0x70, 0x0b), ""},
		{"a passive one of expressions", section(elementSection, 1, 5, 0x70, 1, 0xd2, 0, 0x0b), ""},
		{"one with more entries than bytes", section(elementSection, 1, 0, 0x41, 0, 0x0b, 0xff, 0xff, 0xff, 0xff, 0x0f), "cut short"},
		{"with flags of later", section(elementSection, 1, 8, 0, 0, 0), "cut short"},
		{"with an offset that is computed", section(elementSection, 1, 0, 0x41, 0, 0x41, 0, 0x6a, 0x0b, 0), "cut short"},
		{"a start section", section(startSection, 0), "start section"},
		{"a data count, which is none of entries", section(dataCountSection, 9), ""},
		{"a section that ends early", []byte{1, 9, 0}, "cut short"},
		{"a section without a size", []byte{1}, "cut short"},
	}
	for _, tt := range tests {
		_, err := bounded(module(tt.in))
		if tt.fault == "" && err != nil || tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.fault)
		}
	}
}

func TestCustomSectionsAreLeftOut(t *testing.T) {
	name := section(customSection, append([]byte{4}, "name\x01\xff\xff\xff\xff\x0f"...)...)
	got, err := bounded(module(name, section(1, 0), name))
	if err != nil || !bytes.Equal(got, module(section(1, 0))) {
		t.Errorf("% x, %v", got, err)
	}
}

// What a module calls its parts reaches no terminal as it is.
func TestNamesInFaultsAreReadable(t *testing.T) {
	export := append(u32(1), append(append(u32(10), "seks_\x1b[2Jx"...), 0, 0)...)
	m := module(section(1, 1, 0x60, 0, 0), section(3, 1, 0), section(7, export...), section(codeSection, join(u32(1), function())...))
	_, err := testEngine(t).load(context.Background(), m, "")
	if err == nil || !strings.Contains(err.Error(), `seks_\x1b[2Jx`) || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("%q", err)
	}
}

// Whatever a file holds, to load it ends, and breaks nothing.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"ok", "start_section", "imports_env", "wrong_signature", "moody", "tables"} {
		f.Add(guest(f, name))
	}
	f.Add(module(section(codeSection, join(u32(1), function(join(u32(1<<32-1), []byte{0x7f})))...)))
	e := testEngine(f)
	e.startLimit, e.callLimit = callLimit, callLimit
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := e.load(context.Background(), b, "")
		if (p == nil) == (err == nil) {
			t.Fatalf("%v, %v", p, err)
		}
		if p == nil {
			return
		}
		if v, err := p.Plan("t", view("GET")); v.Valid() != (err == nil) {
			t.Fatalf("%v, %v", v, err)
		}
	})
}
