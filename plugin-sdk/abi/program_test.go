package abi

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

var hash20 = strings.Repeat("k", 32)

func TestNextReadsWhatIsAppended(t *testing.T) {
	for _, row := range []struct {
		bytes []byte
		hex   string
		want  Instr
		text  string
	}{
		{AppendLit(nil, "Hi\n"), "\x01\x03Hi\n", Instr{Op: OpLit, Bytes: []byte("Hi\n")}, `"Hi\n"`},
		{AppendLit(nil, ""), "\x01\x00", Instr{Op: OpLit, Bytes: []byte{}}, `""`},
		{AppendField(nil, "api_key"), "\x02\x07api_key", Instr{Op: OpField, Bytes: []byte("api_key")}, "field:api_key"},
		{AppendField(nil, "a b"), "\x02\x03a b", Instr{Op: OpField, Bytes: []byte("a b")}, `field:"a b"`},
		{AppendOp(nil, OpToken), "\x03", Instr{Op: OpToken}, "token"},
		{AppendHash(nil, OpDigest, SHA256), "\x04\x03", Instr{Op: OpDigest, Hash: SHA256}, "digest:sha256"},
		{AppendSlice(nil, 300, 2), "\x05\xac\x02\x02", Instr{Op: OpSlice, N: 300, M: 2}, "slice:300:2"},
		{AppendRegister(nil, OpLoad, 15), "\x06\x0f", Instr{Op: OpLoad, N: 15}, "load:15"},
		{AppendOp(nil, OpAny), "\x07", Instr{Op: OpAny}, "any"},
		{AppendConcat(nil, 2), "\x10\x02", Instr{Op: OpConcat, N: 2}, "concat:2"},
		{AppendOp(nil, OpHex), "\x11", Instr{Op: OpHex}, "hex"},
		{AppendOp(nil, OpBase64), "\x12", Instr{Op: OpBase64}, "base64"},
		{AppendOp(nil, OpBase64URL), "\x13", Instr{Op: OpBase64URL}, "base64url"},
		{AppendOp(nil, OpPercent), "\x14", Instr{Op: OpPercent}, "percent"},
		{AppendHash(nil, OpHash, MD5), "\x20\x01", Instr{Op: OpHash, Hash: MD5}, "md5"},
		{AppendHash(nil, OpHMAC, SHA512), "\x21\x04", Instr{Op: OpHMAC, Hash: SHA512}, "hmac:sha512"},
		{AppendOp(nil, OpRSA), "\x30", Instr{Op: OpRSA}, "rsa-sha256"},
		{AppendOp(nil, OpECDSA), "\x31", Instr{Op: OpECDSA}, "ecdsa-p256"},
		{AppendOp(nil, OpEd25519), "\x32", Instr{Op: OpEd25519}, "ed25519"},
		{AppendRegister(nil, OpStore, 0), "\x38\x00", Instr{Op: OpStore}, "store:0"},
	} {
		if string(row.bytes) != row.hex {
			t.Errorf("%s: % x, want % x", row.text, row.bytes, row.hex)
		}
		in, rest, err := Next([]byte(row.hex + "rest"))
		if err != nil || !reflect.DeepEqual(in, row.want) || string(rest) != "rest" {
			t.Errorf("%s: %+v, rest %q, %v", row.text, in, rest, err)
		}
		if got := Text(row.bytes); got != row.text {
			t.Errorf("text %q, want %q", got, row.text)
		}
	}
}

func TestNextRefuses(t *testing.T) {
	for _, row := range []struct{ name, in, want string }{
		{"nothing", "", "the program ends where an operation should begin"},
		{"an operation that there isn't", "\x00", "there is no operation 0x00"},
		{"one of a later version", "\xf3", "there is no operation 0xf3"},
		{"a literal without length", "\x01", "the program ends inside an operand"},
		{"a literal cut short", "\x01\x05ab", "the program ends inside an operand"},
		{"a literal of 2^64-1 bytes", "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "the program ends inside an operand"},
		{"a long form of a length", "\x01\x80\x00", "a number is not in its shortest form"},
		{"a number over 64 bits", "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "a number does not fit into 64 bits"},
		{"a field without a name", "\x02\x00", "a field name has 1 to 32 bytes"},
		{"a field name of 33 bytes", "\x02\x21" + hash20 + "k", "a field name has 1 to 32 bytes"},
		{"concat of nothing", "\x10\x00", "concat takes 1 to 32 values"},
		{"concat of more than a stack holds", "\x10\x21", "concat takes 1 to 32 values"},
		{"concat without a count", "\x10", "the program ends inside an operand"},
		{"a hash that there isn't", "\x20\x05", "no such hash function"},
		{"hash 0", "\x21\x00", "no such hash function"},
		{"hash 259, which is 3 in one byte", "\x20\x83\x02", "no such hash function"},
		{"a register too far", "\x06\x10", "registers are 0 to 15"},
		{"a slice without its length", "\x05\x00", "the program ends inside an operand"},
		{"a program too long", strings.Repeat("\x03", MaxProgram+1), "the program has more than 16384 bytes"},
	} {
		in, rest, err := Next([]byte(row.in))
		if err == nil || err.Error() != row.want {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
		if !reflect.DeepEqual(in, Instr{}) || rest != nil {
			t.Errorf("%s: left %+v and %x behind", row.name, in, rest)
		}
	}
}

func TestNextAllocatesNothing(t *testing.T) {
	program := samplePlan().Edits[0].Value
	if n := testing.AllocsPerRun(100, func() {
		for p := program; len(p) > 0; {
			_, rest, err := Next(p)
			if err != nil {
				t.Fatal(err)
			}
			p = rest
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// reappend writes an operation again from what Next said of it.
func reappend(p []byte, in Instr) []byte {
	switch in.Op {
	case OpLit:
		return AppendLit(p, string(in.Bytes))
	case OpField:
		return AppendField(p, string(in.Bytes))
	case OpConcat:
		return AppendConcat(p, int(in.N))
	case OpLoad, OpStore:
		return AppendRegister(p, in.Op, int(in.N))
	case OpSlice:
		return AppendSlice(p, in.N, in.M)
	case OpDigest, OpHash, OpHMAC:
		return AppendHash(p, in.Op, in.Hash)
	case OpAbsorb, OpTotal:
		return AppendRunning(p, in.Op, int(in.N), in.Hash)
	}
	return AppendOp(p, in.Op)
}

func FuzzNext(f *testing.F) {
	f.Add(samplePlan().Edits[0].Value)
	f.Add([]byte("\x05\xac\x02\x02\x38\x00\x06\x0f\x21\x03"))
	f.Add(AppendRunning(AppendRunning(nil, OpAbsorb, 1, 2), OpTotal, 0, 1))
	f.Fuzz(func(t *testing.T, program []byte) {
		for p := program; len(p) > 0; {
			in, rest, err := Next(p)
			if err != nil {
				break
			}
			if len(rest) >= len(p) {
				t.Fatalf("% x: nothing was read", p)
			}
			if again := reappend(nil, in); !bytes.Equal(again, p[:len(p)-len(rest)]) {
				t.Fatalf("% x has a second form % x", again, p[:len(p)-len(rest)])
			}
			p = rest
		}
		for _, c := range []byte(Text(program)) {
			if c < ' ' || c > '~' {
				t.Fatalf("the text holds byte %#x", c)
			}
		}
	})
}
