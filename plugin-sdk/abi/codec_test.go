package abi

import (
	"bytes"
	"errors"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type codec interface {
	Marshal() []byte
	AppendTo([]byte) []byte
	Unmarshal([]byte) error
}

var topLevel = map[string]func() codec{
	"Manifest":   func() codec { return new(Manifest) },
	"View":       func() codec { return new(View) },
	"Plan":       func() codec { return new(Plan) },
	"AnswerHead": func() codec { return new(AnswerHead) },
	"ScrubPlan":  func() codec { return new(ScrubPlan) },
	"BodyResult": func() codec { return new(BodyResult) },
	"Parameters": func() codec { return new(Parameters) },
}

// fill gives every field of a message some value, defaults among them.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if b := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "bytes"); len(b) > 0 {
				v.SetBytes(b)
			}
			return
		}
		if n := rapid.IntRange(0, 3).Draw(t, "entries"); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(t, v.Index(i))
			}
		}
	case reflect.String:
		v.SetString(rapid.StringN(0, 40, 200).Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Uint64:
		if v.Type() == reflect.TypeFor[uint64]() {
			v.SetUint(rapid.Uint64().Draw(t, "number"))
		} else {
			v.SetUint(uint64(rapid.Uint32Range(0, 1<<31-1).Draw(t, "enum")))
		}
	default:
		t.Fatalf("no message has a %s", v.Type())
	}
}

func TestRoundTrip(t *testing.T) {
	for name, empty := range topLevel {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				in := empty()
				fill(t, reflect.ValueOf(in).Elem())
				b := in.Marshal()
				if got := in.AppendTo([]byte("before")); string(got) != "before"+string(b) {
					t.Fatalf("AppendTo gave %x, Marshal %x", got, b)
				}
				out := empty()
				if err := out.Unmarshal(b); err != nil {
					t.Fatalf("Unmarshal: %v", err)
				}
				if again := out.Marshal(); !bytes.Equal(again, b) {
					t.Fatalf("%x became %x", b, again)
				}
				// A nil entry of a [][]byte comes back empty; the bytes above
				// have shown all else that DeepEqual would.
				if m, ok := in.(*Manifest); ok && len(m.Fields) > 0 {
					return
				}
				if !reflect.DeepEqual(in, out) {
					t.Fatalf("%+v became %+v", in, out)
				}
			})
		})
	}
}

// A body result that was lent its literals reads as any other, and with the room
// that it was lent used again nothing but those literals has changed.
func TestLentLiterals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in, want, lent BodyResult
		fill(t, reflect.ValueOf(&in).Elem())
		for i := range in.Segments {
			in.Segments[i].Kind = SegmentKind(rapid.IntRange(1, 3).Draw(t, "kind"))
		}
		b := in.Marshal()
		if err := errors.Join(want.Unmarshal(b), lent.UnmarshalLent(b)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(lent, want) {
			t.Fatalf("lent %+v, else %+v", lent, want)
		}
		for i := range b {
			b[i] ^= 0xff
		}
		for i := range lent.Segments {
			if s := &lent.Segments[i]; s.Kind == SegmentLiteral {
				for j := range s.Bytes {
					s.Bytes[j] ^= 0xff
				}
			}
		}
		if !reflect.DeepEqual(lent, want) {
			t.Fatalf("lent %+v, else %+v", lent, want)
		}
		if len(b) > 0 {
			cut := b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")]
			if one, other := want.Unmarshal(cut), lent.UnmarshalLent(cut); (one == nil) != (other == nil) || !reflect.DeepEqual(lent, want) {
				t.Fatalf("cut to %x: %v, lent %v", cut, one, other)
			}
		}
	})
}

// An older receiver must read what a newer sender wrote.
func TestUnknownFieldsAreSkipped(t *testing.T) {
	b := []byte("\xa0\x06\x01" + // 100: varint
		"\xa1\x06\x01\x02\x03\x04\x05\x06\x07\x08" + // 100: fixed64
		"\x12\x02up" + // Plan.Upstream
		"\xa2\x06\x03new" + // 100: bytes
		"\xa5\x06\x01\x02\x03\x04" + // 100: fixed32
		"\x0a\x09\x08\x01\x12\x01x\xa2\x06\x01y") // an edit with its own field 100
	var p Plan
	if err := p.Unmarshal(b); err != nil {
		t.Fatal(err)
	}
	want := Plan{Upstream: "up", Edits: []Edit{{Kind: SetHeader, Name: "x"}}}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("%+v, want %+v", p, want)
	}
}

func TestRefused(t *testing.T) {
	for _, row := range []struct {
		name string
		m    codec
		in   string
		want string
	}{
		{"a tag cut short", new(Plan), "\x80", "the message is cut short"},
		{"a length cut short", new(Plan), "\x12", "the message is cut short"},
		{"a length past the end", new(Plan), "\x12\x05ab", "field 2 has a length that its message has no room for"},
		{"a length of 2^64-1", new(Plan), "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "field 2 has a length that its message has no room for"},
		{"a number over 64 bits", new(View), "\x58\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "a number does not fit into 64 bits"},
		{"a number of 11 bytes", new(View), "\x58\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", "a number does not fit into 64 bits"},
		{"field number 0", new(Plan), "\x00\x00", "a field has a number or wire type that there isn't"},
		{"field number 2^29", new(Plan), "\x80\x80\x80\x80\x10\x00", "a field has a number or wire type that there isn't"},
		{"a group", new(Plan), "\xa3\x06\xa4\x06", "a field has a number or wire type that there isn't"},
		{"wire type 7", new(Plan), "\xa7\x06", "a field has a number or wire type that there isn't"},
		{"an unknown fixed64 cut short", new(Plan), "\xa1\x06\x01", "the message is cut short"},
		{"an unknown fixed32 cut short", new(Plan), "\xa5\x06\x01", "the message is cut short"},
		{"a string as a number", new(Plan), "\x10\x01", "field 2 has another wire type than the contract gives it"},
		{"a number as a string", new(Plan), "\x2a\x01\x01", "field 5 has another wire type than the contract gives it"},
		{"an entry as a number", new(Plan), "\x08\x01", "field 1 has another wire type than the contract gives it"},
		{"a singular string twice", new(Plan), "\x12\x01a\x12\x01a", "field 2 stands twice"},
		{"a singular number twice", new(Plan), "\x28\x00\x28\x01", "field 5 stands twice"},
		{"a singular message twice", new(Plan), "\x32\x00\x32\x00", "field 6 stands twice"},
		{"a bool of 2", new(Plan), "\x38\x02", "field 7 is neither 0 nor 1"},
		{"an enum of 2^31", new(Plan), "\x28\x80\x80\x80\x80\x08", "field 5 does not fit into 31 bits"},
		{"a string that is not UTF-8", new(Plan), "\x12\x01\xff", "field 2 is not UTF-8"},
		{"an entry that is not UTF-8", new(ScrubPlan), "\x0a\x01\xff", "field 1 is not UTF-8"},
		{"deep inside", new(Manifest), "\x32\x04\x3a\x02\x12\x05", "field 6.7.2 has a length that its message has no room for"},
		{"too many entries", new(ScrubPlan), strings.Repeat("\x0a\x00", MaxEntries+1), "field 1 stands more than 4096 times"},
		{"too many messages", new(Plan), strings.Repeat("\x0a\x00", MaxEntries+1), "field 1 stands more than 4096 times"},
	} {
		err := row.m.Unmarshal([]byte(row.in))
		if err == nil || err.Error() != row.want {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
		if !reflect.ValueOf(row.m).Elem().IsZero() {
			t.Errorf("%s: the refused message left %+v behind", row.name, row.m)
		}
	}
}

// What was received, received as it was: a header or path need not be UTF-8.
func TestReceivedTextIsRaw(t *testing.T) {
	in := View{Method: "GET", Target: "/\xff?\xfe", Path: "/\xff", Query: "\xfe", Headers: []Header{{"X", "caf\xe9"}}}
	var out View
	if err := out.Unmarshal(in.Marshal()); err != nil || !reflect.DeepEqual(in, out) {
		t.Errorf("%+v, %v", out, err)
	}
}

// A message owns what it holds: the guest's memory, or a pooled buffer, may
// change as soon as Unmarshal is back.
func TestUnmarshalKeepsNothingOfItsInput(t *testing.T) {
	in := Plan{Upstream: "main", Edits: []Edit{{Kind: SetHeader, Name: "a", Value: []byte("bc")}}}
	b := in.Marshal()
	var out Plan
	if err := out.Unmarshal(b); err != nil {
		t.Fatal(err)
	}
	clear(b)
	_ = append(out.Edits[0].Value, "overwrites"...)
	if !reflect.DeepEqual(in, out) {
		t.Errorf("%+v, want %+v", out, in)
	}
}

// A hostile message costs memory in proportion to its size.
func TestUnmarshalIsBounded(t *testing.T) {
	field := "\x32\x00" // an empty Field, the largest entry there is
	nested := "\x32\xfe\x3f" + strings.Repeat("\x3a\x00", 4095)
	for name, in := range map[string]string{
		"empty fields": strings.Repeat(field, MaxEntries),
		"empty sinks":  strings.Repeat(nested, 16),
		"one length":   "\x0a\xff\xff\xff\xff\x0f",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_ = new(Manifest).Unmarshal([]byte(in))
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<10+uint64(400*len(in)) {
			t.Errorf("%s: %d bytes of input took %d", name, len(in), used)
		}
	}
}

func sampleView() *View {
	return &View{
		Method: "POST", Scheme: "http", Target: "/api/openai/v1/chat/completions", Authority: "127.0.0.1:8080",
		Mount: "/api/openai", Path: "/v1/chat/completions", UpstreamAuthority: "api.openai.com",
		Headers: []Header{{"OpenAI-Organization", "org-1"}, {"Content-Type", "application/json"}},
	}
}

func samplePlan() *Plan {
	value := AppendConcat(AppendField(AppendLit(nil, "Bearer "), "api_key"), 2)
	return &Plan{Edits: []Edit{{Kind: SetHeader, Name: "authorization", Value: value}}}
}

// The request path: a view is written into a buffer that is there already, and
// a plan read with one allocation for its bytes, one for the walk and one a list.
func TestHotPathAllocations(t *testing.T) {
	view, plan := sampleView(), samplePlan().Marshal()
	buf := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { buf = view.AppendTo(buf[:0]) }); n != 0 {
		t.Errorf("View.AppendTo allocates %v times", n)
	}
	var p Plan
	if n := testing.AllocsPerRun(100, func() { _ = p.Unmarshal(plan) }); n > 3 {
		t.Errorf("Plan.Unmarshal allocates %v times", n)
	}
}

func BenchmarkViewAppendTo(b *testing.B) {
	view, buf := sampleView(), make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf = view.AppendTo(buf[:0])
	}
}

func BenchmarkPlanUnmarshal(b *testing.B) {
	var p Plan
	plan := samplePlan().Marshal()
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Unmarshal(plan); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkViewUnmarshal(b *testing.B) {
	var v View
	view := sampleView().Marshal()
	b.ReportAllocs()
	for b.Loop() {
		if err := v.Unmarshal(view); err != nil {
			b.Fatal(err)
		}
	}
}
