package token

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

// vector was made by another program: the bytes 0x00 to 0x1f, and the CRC-32 of
// zlib.
const vector = "seks_openai_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf0czNRE"

var shape = regexp.MustCompile(`^seks_[a-z][a-z0-9-]{0,31}_[0-9A-Za-z]{49}$`)

func TestNewTextIsParsed(t *testing.T) {
	seen := map[string]bool{}
	for _, provider := range []string{"openai", "s3", "a", "my-api-2", strings.Repeat("x", 32)} {
		for range 50 {
			text := newText(provider).Reveal()
			got, err := parse(text)
			if err != nil || string(got) != provider || !wellFormed(string(text)) || !shape.Match(text) {
				t.Fatalf("%s: %q, %v", provider, got, err)
			}
			if seen[string(text)] {
				t.Fatal("the same token twice")
			}
			seen[string(text)] = true
		}
	}
}

func TestVector(t *testing.T) {
	if provider, err := parse([]byte(vector)); err != nil || string(provider) != "openai" {
		t.Fatalf("%q %v", provider, err)
	}
	var entropy [entropySize]byte
	for i := range entropy {
		entropy[i] = byte(i)
	}
	body := make([]byte, bodyDigits)
	base62(body, entropy[:])
	if !strings.HasPrefix(vector, "seks_openai_"+string(body)) {
		t.Errorf("the bytes became %s", body)
	}
}

func TestBase62IsBigEndianWithZerosInFront(t *testing.T) {
	for _, number := range [][]byte{{0}, {61}, {62}, {0xff, 0xff, 0xff, 0xff}, bytes.Repeat([]byte{0xff}, 32), append(make([]byte, 8), bytes.Repeat([]byte{0xa5}, 24)...)} {
		want := new(big.Int).SetBytes(number)
		dst := make([]byte, bodyDigits)
		base62(dst, bytes.Clone(number))
		got := new(big.Int)
		for _, c := range dst {
			got.Add(got.Mul(got, big.NewInt(62)), big.NewInt(int64(strings.IndexByte(digits62, c))))
		}
		if got.Cmp(want) != 0 {
			t.Errorf("%x became %s", number, dst)
		}
	}
}

func TestEveryTypoIsFoundWithoutTheStore(t *testing.T) {
	text := string(newText("openai").Reveal())
	refused := func(what, changed string) {
		t.Helper()
		if changed == text || changed == "" {
			return
		}
		_, err := parse([]byte(changed))
		if wellFormed(changed) {
			t.Fatalf("%s: well-formed", what)
		}
		var f *fault.Fault
		if !errors.As(err, &f) || f.Code != fault.TokenInvalid {
			t.Fatalf("%s: %v", what, err)
		}
		if body := text[len("seks_openai_"):]; strings.Contains(f.Error(), body[:8]) || strings.Contains(f.Error(), body[len(body)-8:]) {
			t.Fatalf("%s: the sentence holds a part of the token: %s", what, f)
		}
	}
	for i := range len(text) {
		for _, c := range []byte(digits62 + "_- \x00\xff") {
			refused("a letter changed", text[:i]+string([]byte{c})+text[i+1:])
		}
		refused("cut", text[:i])
		refused("a letter lost", text[:i]+text[i+1:])
		refused("a letter twice", text[:i]+text[i:i+1]+text[i:])
		if i > 0 {
			refused("two letters swapped", text[:i-1]+text[i:i+1]+text[i-1:i]+text[i+1:])
		}
	}
	refused("twice", text+text)
	refused("a line break", text+"\n")
}

func TestSentencesTellApart(t *testing.T) {
	text := string(newText("openai").Reveal())
	last := byte('0')
	if text[len(text)-1] == last {
		last = '1'
	}
	cases := []struct {
		text, want string
		code       fault.Code
	}{
		{"", "no proxy token", fault.TokenMissing},
		{"sk-live-0123456789", "this is no proxy token", fault.TokenInvalid},
		{text[:30], "cut short", fault.TokenInvalid},
		{text + "x", "something was added", fault.TokenInvalid},
		{"seks_OpenAI_" + text[12:], "cut short", fault.TokenInvalid},
		{text[:len(text)-1] + string(last), "has a typo", fault.TokenInvalid},
	}
	for _, c := range cases {
		_, err := parse([]byte(c.text))
		f := fault.From(err)
		if f.Code != c.code || !strings.Contains(f.Message, c.want) {
			t.Errorf("%v\nwant %s: …%s…", f, c.code, c.want)
		}
	}
}

func TestIDs(t *testing.T) {
	form := regexp.MustCompile(`^tok_[0-9A-Za-z]{16}$`)
	a, b := newID(), newID()
	if !form.MatchString(a) || a == b {
		t.Errorf("%s %s", a, b)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(vector))
	f.Add(newText("s3").Reveal())
	f.Add([]byte("seks_"))
	f.Add([]byte("seks__" + strings.Repeat("0", tailSize)))
	f.Add([]byte(base64.StdEncoding.EncodeToString(make([]byte, 48))))
	f.Fuzz(func(t *testing.T, text []byte) {
		provider, err := parse(text)
		if err != nil {
			if fault.From(err).Code == fault.Overloaded {
				t.Fatalf("an error that is no refusal: %v", err)
			}
			return
		}
		if !shape.Match(text) || !bytes.HasPrefix(text, []byte("seks_"+string(provider)+"_")) {
			t.Fatalf("%q passed as a token of %q", text, provider)
		}
	})
}
