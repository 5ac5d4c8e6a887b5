package needle

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

const key = "sk-proj-0123456789abcdefghijKLMNOPQRSTUVWXYZ_-+/=aB"

func TestEveryFormAtEveryAlignment(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for length := 4; length <= 70; length++ {
		value := randomBytes(r, length)
		s := set(value)
		for before := range 8 {
			front, back := randomBytes(r, before), randomBytes(r, r.IntN(8))
			whole := front + value + back
			for name, text := range map[string]string{
				"raw": whole,
				"std": base64.StdEncoding.EncodeToString([]byte(whole)), "rawstd": base64.RawStdEncoding.EncodeToString([]byte(whole)),
				"url": base64.URLEncoding.EncodeToString([]byte(whole)), "rawurl": base64.RawURLEncoding.EncodeToString([]byte(whole)),
				"hex": hex.EncodeToString([]byte(whole)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(whole))),
				"hEx": mixCase(r, hex.EncodeToString([]byte(whole))),
			} {
				if len(s.Find([]byte("{\""+text+"\"}"), 0, Whole, nil)) == 0 {
					t.Fatalf("%s of a secret of %d bytes after %d others was not found", name, length, before)
				}
			}
		}
	}
}

func TestFindIsTheSearchByHand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SampledFrom([]rune("aAbf0"))
		values := rapid.SliceOfN(rapid.StringOfN(letters, 0, 12, -1), 1, 4).Draw(t, "values")
		text := rapid.StringOfN(letters, 0, 200, -1).Draw(t, "text")
		for range rapid.IntRange(0, 4).Draw(t, "planted") {
			s := rapid.SampledFrom(spellings(rapid.SampledFrom(values).Draw(t, "value"))).Draw(t, "spelling")
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			text = text[:at] + s.text + text[at:]
		}
		from := rapid.IntRange(0, len(text)).Draw(t, "from")
		if fault := judge(text, from, set(values...).Find([]byte(text), from, Whole, nil), values...); fault != "" {
			t.Fatalf("Find(%q, %d) of %q: %s", text, from, values, fault)
		}
	})
}

// A text that comes in two pieces has each occurrence once.
func TestFromAtEverySplit(t *testing.T) {
	values := []string{key, "aaaa", "aaaaaa", key[5:20], "deadbeef-1"}
	s := set(values...)
	text := "aaaaaaaaa" + key + key[5:] + hex.EncodeToString([]byte("xdeadbeef-1")) + base64.StdEncoding.EncodeToString([]byte("ab"+key)) +
		hex.EncodeToString([]byte(key))
	for split := range len(text) {
		hits := s.Find([]byte(text[:split]), 0, 0, nil)
		if fault := judge(text, 0, s.Find([]byte(text), split, Whole, hits), values...); fault != "" {
			t.Fatalf("split at %d: %s", split, fault)
		}
	}
}

func TestHexTakesNoOtherBytes(t *testing.T) {
	s := set("zzzz9999") // 7a7a7a7a39393939
	for _, text := range []string{"7a7a7a7a3939393\x19", "7\x017a7a7a39393939", "\x177a7a7a7a9393939", "7!7a7a7a39393939"} {
		if hits := s.Find([]byte(text), 0, Whole, nil); len(hits) > 0 {
			t.Errorf("%q was taken for the secret: %v", text, hits)
		}
	}
	if len(s.Find([]byte("7A7a7a7A39393939"), 0, Whole, nil)) != 1 {
		t.Error("mixed case was missed")
	}
	if hits := s.Find([]byte("ZZZZ9999"), 0, Whole, nil); len(hits) > 0 {
		t.Errorf("the raw form was found in another case: %v", hits)
	}
}

func TestThousandNeedles(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var values []string
	for range 1000 {
		values = append(values, printable(r, 16+r.IntN(300)))
	}
	s := set(values...)
	for i, v := range values {
		for _, sp := range spellings(v) {
			hits := s.Find([]byte("..."+sp.text+"..."), 0, Whole, nil)
			if left := uncovered(hits, i, 3, 3+len(sp.text)); left > 0 {
				t.Fatalf("of needle %d in %v, %d bytes were not found", i, sp.form, left)
			}
		}
	}
}

func TestNothingToFind(t *testing.T) {
	for name, s := range map[string]*Set{
		"nil": nil, "zero": {}, "none": NewSet(nil), "empty value": set(""), "zero secret": NewSet([]Needle{{}}), "two bytes": set("ab"),
	} {
		if hits := s.Find([]byte("any text, ab 6162 YWI="), 0, Whole, nil); name != "two bytes" && len(hits) > 0 {
			t.Errorf("%s: %v", name, hits)
		}
		if s.Name(7) != "" || s.Name(-1) != "" || s.SpansLines() {
			t.Errorf("%s: it knows something", name)
		}
	}
	if (*Set)(nil).MaxLen() != 0 || set("").MaxLen() != 0 {
		t.Error("MaxLen of nothing is not 0")
	}
}

func TestSetKnowsItsShape(t *testing.T) {
	s := set("0123456789", key)
	if want := maxWritten*len(key) + margin; s.MaxLen() != want {
		t.Errorf("MaxLen %d, want %d", s.MaxLen(), want)
	}
	if s.SpansLines() || !set("two\nlines").SpansLines() || !set("two\rlines").SpansLines() {
		t.Error("SpansLines is wrong")
	}
	if s.Name(0) != "cred-0" || s.Name(1) != "cred-1" {
		t.Error("Name is wrong")
	}
}

func TestWith(t *testing.T) {
	s := set("0123456789")
	if s.With(nil) != s {
		t.Error("With(nil) made a new set")
	}
	both := s.With([]Needle{{Name: "derived", Value: secret.New([]byte(key))}})
	got := sorted(both.Find([]byte(key+" 0123456789"), 0, Whole, nil))
	if !slices.Contains(got, Hit{0, len(key), Raw, 1}) || !slices.Contains(got, Hit{len(key) + 1, len(key) + 11, Raw, 0}) {
		t.Errorf("hits %v", got)
	}
	if both.Name(0) != "cred-0" || both.Name(1) != "derived" || both.MaxLen() != set(key).MaxLen() {
		t.Error("With lost a name or a length")
	}
	if len(s.Find([]byte(key), 0, Whole, nil)) != 1 || s.MaxLen() != set("0123456789").MaxLen() { // its digits hold the first needle
		t.Error("With changed the set that it was called on")
	}
	if got := (*Set)(nil).With(needles(key)).Find([]byte(key), 0, Whole, nil); len(got) != 1 {
		t.Errorf("nil.With: %v", got)
	}
}

func TestASetPrintsNothing(t *testing.T) {
	type holder struct{ set *Set }
	s := set(key)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, arg := range []any{s, *s, holder{s}, []*Set{s}} {
			got := fmt.Sprintf(verb, arg)
			if strings.Contains(got, key[:8]) || strings.Contains(got, hex.EncodeToString([]byte(key[:8]))) || strings.Contains(got, "115 107 45") {
				t.Errorf("%s of %T printed the secret: %s", verb, arg, got)
			}
		}
	}
}

func TestSharedByManyStreams(t *testing.T) {
	s := set(key, "0123456789")
	text := []byte(strings.Repeat("x", 99) + key)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if len(s.Find(text, 0, Whole, nil)) < 2 {
					t.Error("a shared set lost a hit")
				}
			}
		})
	}
	wg.Wait()
}

func TestFindAllocatesNothing(t *testing.T) {
	s := set(key)
	text := []byte(strings.Repeat("x", 5000) + key)
	hits := make([]Hit, 0, 8)
	if n := testing.AllocsPerRun(100, func() { hits = s.Find(text, 0, Whole, hits[:0]) }); n != 0 || len(hits) == 0 {
		t.Errorf("%v allocations, %d hits", n, len(hits))
	}
}

func FuzzFind(f *testing.F) {
	f.Add(key, "deadbeef", "text "+key+" and 6465616462656566", 3)
	f.Add("aaaa", "aaaaa", "aaaaaaaaaaaaa", 2)
	f.Add("\x00\x00\x00\x00", "\xff\xff\xff\xff\xff", "AAAAAAAA________////////FFFFffFFFF", 0)
	f.Fuzz(func(t *testing.T, one, two, text string, from int) {
		from = max(0, min(from, len(text)))
		if fault := judge(text, from, set(one, two).Find([]byte(text), from, Whole, nil), one, two); fault != "" {
			t.Fatalf("Find(%q, %d) of %q and %q: %s", text, from, one, two, fault)
		}
		if c := set(one, two).content(); c.shortest >= longMin {
			if _, work, _ := c.decoded([]byte(text), 0, len(text), Whole, nil, 0); work > 2*maxWork*len(text) { // bytes above ASCII in a secret make more of it possible
				t.Fatalf("%d bytes are decoded of the %d of %q", work, len(text), text)
			}
		}
	})
}
