package needle

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

const benchSize = 1 << 20

func jsonBody(r *rand.Rand) []byte {
	var b strings.Builder
	for b.Len() < benchSize {
		fmt.Fprintf(&b, `{"id":"chatcmpl-%s","object":"chat.completion","created":%d,"choices":[{"index":%d,"message":{"role":"assistant","content":"%s"}}]},`,
			letters(r, 24), r.Uint32(), r.IntN(9), words(r))
	}
	return []byte(b.String()[:benchSize])
}

func letters(r *rand.Rand, n int) string {
	const all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = all[r.IntN(len(all))]
	}
	return string(b)
}

func words(r *rand.Rand) string {
	var b strings.Builder
	for range 40 {
		b.WriteString(strings.ToLower(letters(r, 1+r.IntN(9))))
		b.WriteByte(' ')
	}
	return b.String()
}

func BenchmarkFind(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	keys := make([]string, 100)
	for i := range keys {
		keys[i] = "sk-" + letters(r, 48)
	}
	near := []byte(strings.Repeat(keys[0][:50]+"?", benchSize/51))
	end := []byte(strings.Repeat("?"+keys[0][1:], benchSize/51))
	bodies := map[string][]byte{"json": jsonBody(r), "base64": []byte(letters(r, benchSize))}
	run := func(name string, s *Set, body []byte) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if s.Find(body, 0, nil) != nil {
					b.Fatal("a hit")
				}
			}
		})
	}
	for _, kind := range []string{"json", "base64"} {
		for _, n := range []int{1, 10, 100} {
			run(fmt.Sprintf("%s-%d", kind, n), set(keys[:n]...), bodies[kind])
		}
		run(kind+"-short8", set(keys[0][3:11]), bodies[kind])
		run(kind+"-with", set(keys[0]).With(needles(keys[1])), bodies[kind])
	}
	run("nearmiss-front", set(keys[0]), near)
	run("nearmiss-back", set(keys[0]), end)
	run("nearmiss-same", set(strings.Repeat("a", 50)+"b"), []byte(strings.Repeat("a", benchSize)))
}

func BenchmarkNewSet(b *testing.B) {
	list := needles(letters(rand.New(rand.NewPCG(7, 8)), 51))
	for b.Loop() {
		NewSet(list)
	}
}
