package token

import (
	"bytes"
	"crypto/rand"
	"hash/crc32"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// A token's text is seks_PROVIDER_ and 49 characters of base62: 43 that write
// 256 random bits, and 6 that write the CRC-32 (IEEE) of all before them. The
// checksum is no protection: it tells a typo or a cut token from one that is
// not known, without a look at the store.
const (
	lead        = "seks_"
	entropySize = 32
	bodyDigits  = 43 // 62^43 > 2^256
	sumDigits   = 6  // 62^6 > 2^32
	tailSize    = bodyDigits + sumDigits
	maxProvider = 32

	idLead   = "tok_"
	idSize   = 11 // bytes; 88 random bits
	idDigits = 16 // 62^16 > 2^88
)

const digits62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// base62 writes number (big-endian) into dst, zeros in front. It leaves number
// zeroed where dst is long enough for it.
func base62(dst, number []byte) {
	for i := len(dst) - 1; i >= 0; i-- {
		rest := 0
		for j, b := range number {
			rest = rest<<8 | int(b)
			number[j] = byte(rest / 62)
			rest %= 62
		}
		dst[i] = digits62[rest]
	}
}

func checksum(dst, text []byte) {
	sum := crc32.ChecksumIEEE(text)
	number := [4]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}
	base62(dst, number[:])
}

// newText makes a token for provider.
func newText(provider string) secret.Bytes {
	text := make([]byte, 0, len(lead)+len(provider)+1+tailSize)
	text = append(append(append(text, lead...), provider...), '_')
	var entropy [entropySize]byte
	_, _ = rand.Read(entropy[:]) // never fails: it would end the process
	body := len(text)
	text = text[:cap(text)]
	base62(text[body:body+bodyDigits], entropy[:])
	checksum(text[body+bodyDigits:], text[:body+bodyDigits])
	return secret.New(text)
}

// newHalf makes the secret half of a pair: 256 random bits in base62.
func newHalf() secret.Bytes {
	var entropy [entropySize]byte
	_, _ = rand.Read(entropy[:])
	text := make([]byte, bodyDigits)
	base62(text, entropy[:])
	return secret.New(text)
}

func newID() string {
	var entropy [idSize]byte
	_, _ = rand.Read(entropy[:])
	id := make([]byte, idDigits)
	base62(id, entropy[:])
	return idLead + string(id)
}

// parse checks a token's shape and checksum, and gives the provider that its
// text names. The error is a *fault.Fault, and holds nothing of the token.
func parse(text []byte) (provider []byte, err error) {
	if len(text) == 0 {
		return nil, fault.New(fault.TokenMissing)
	}
	if !bytes.HasPrefix(text, []byte(lead)) {
		return nil, fault.Newf(fault.TokenInvalid, "this is no proxy token: they begin with %s (and an API's own key belongs in the broker, not with the agent)", lead)
	}
	provider, tail, found := bytes.Cut(text[len(lead):], []byte("_"))
	if !found || !isProvider(provider) || len(tail) != tailSize || !isBase62(tail) {
		return nil, fault.Newf(fault.TokenInvalid, "this proxy token is cut short, or something was added to it: copy it whole, seks_PROVIDER_ and 49 letters and digits")
	}
	var sum [sumDigits]byte
	whole := len(text) - sumDigits
	checksum(sum[:], text[:whole])
	if !bytes.Equal(sum[:], text[whole:]) { // public: no need for constant time
		return nil, fault.Newf(fault.TokenInvalid, "this proxy token has a typo (its checksum is wrong): copy it again")
	}
	return provider, nil
}

// wellFormed reports whether text is a whole token, known here or not.
func wellFormed(text string) bool {
	_, err := parse([]byte(text))
	return err == nil
}

func isBase62(text []byte) bool {
	for _, c := range text {
		if !isLower(c) && !isUpper(c) && !isDigit(c) {
			return false
		}
	}
	return true
}

// isProvider is [a-z][a-z0-9-]{0,31}: no underscore, which ends the name in a
// token.
func isProvider[T string | []byte](name T) bool {
	if len(name) == 0 || len(name) > maxProvider || !isLower(name[0]) {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !isLower(c) && !isDigit(c) && c != '-' {
			return false
		}
	}
	return true
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
