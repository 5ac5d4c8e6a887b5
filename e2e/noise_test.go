package e2e

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/seksbot/seks-broker/bench/upstream"
)

// noiseProbability is how often a double's answer is a noisy one, in every test:
// right by the RFCs, in bytes that no usual server sends.
const noiseProbability = 0.3

// noise makes the answers of a test's double noisy now and then. SEKS_SEED, from
// what a failed test printed, makes the same noise again.
func noise(t testing.TB) upstream.Hostile {
	seed, err := noiseSeed()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the double's noise was that of SEKS_SEED=%d", seed)
		}
	})
	return upstream.Hostile{Probability: noiseProbability, Seed: seed}
}

func noiseSeed() (uint64, error) {
	if s := os.Getenv("SEKS_SEED"); s != "" {
		return strconv.ParseUint(s, 10, 64)
	}
	return rand.Uint64(), nil
}
