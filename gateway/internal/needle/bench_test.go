package needle

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"
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
		b.WriteString([]string{" ", " ", " ", " ", " ", " ", `\u2019`, ", ", `\n`, `\"`}[r.IntN(10)])
	}
	return b.String()
}

func BenchmarkFind(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	keys := make([]string, 10000)
	for i := range keys {
		keys[i] = "sk-" + letters(r, 48)
	}
	text := string(jsonBody(r))
	bodies := map[string][]byte{
		"json": []byte(text), "base64": []byte(base64.StdEncoding.EncodeToString([]byte(randomBytes(r, benchSize*3/4)))),
		"base64text": []byte(base64.StdEncoding.EncodeToString([]byte(text)))[:benchSize],
		"mime":       []byte(wrap(base64.StdEncoding.EncodeToString([]byte(randomBytes(r, benchSize*3/4))), 76, "\r\n")),
		"percent":    []byte(each(text, percent))[:benchSize], "unicode": []byte(each(text, func(c byte) string { return fmt.Sprintf(`\u%04x`, c) }))[:benchSize],
		"hex": []byte(fmt.Sprintf("%x", randomBytes(r, benchSize/2))), "binary": []byte(randomBytes(r, benchSize)), "zeros": make([]byte, benchSize),
		"same": []byte(strings.Repeat("A", benchSize)), "backslashes": []byte(strings.Repeat(`\`, benchSize)), "percents": []byte(strings.Repeat(`%2`, benchSize/2)),
		"percent25": []byte(strings.Repeat(`%25`, benchSize/3)), "amps": []byte(strings.Repeat(`&amp;`, benchSize/5)), "equals": []byte(strings.Repeat(`=A`, benchSize/2)), "lf": []byte(strings.Repeat("abc\n", benchSize/4)),
		"nearfront": []byte(strings.Repeat(keys[0][:50]+"?", benchSize/51)), "nearback": []byte(strings.Repeat("?"+keys[0][1:], benchSize/51)),
		"colons": []byte(strings.Repeat("ab:cd:", benchSize/6)), "refs": []byte(strings.Repeat("&#000000000000000000000000000000065", benchSize/36)), "Q": []byte(strings.Repeat("QUFB", benchSize/4)),
		"quoted": []byte(strings.Repeat("=26%5c", benchSize/6)), "hexlines": []byte(strings.Repeat("41\n31", benchSize/5)), "shortlines": []byte(strings.Repeat("\nA", benchSize/2)),
		"words": []byte(strings.Repeat(letters(r, 60)+" ", benchSize/61)), "V": []byte(strings.Repeat("V", benchSize)),
		"sparse":     []byte(strings.Repeat(strings.Repeat("V", 300)+"=41", benchSize/303)),
		"threekinds": []byte(strings.Repeat("\\=\nA", benchSize/4)),
	}
	run := func(name string, s *Set, body []byte) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			begin := cpuTime()
			for b.Loop() {
				for i := 0; i < len(body); i += 64 << 10 {
					if s.Find(body[max(0, i-2048):min(len(body), i+64<<10)], min(i, 2048), 0, nil) != nil {
						b.Fatal("a hit")
					}
				}
			}
			b.ReportMetric(float64(b.N*len(body))/1e6/(cpuTime()-begin).Seconds(), "MB/cpu-s")
		})
	}
	for _, n := range []int{1, 10, 100, 1000, 10000} {
		s := set(keys[:n]...)
		for _, kind := range []string{"json", "base64", "unicode", "binary"} {
			run(fmt.Sprintf("%s-%d", kind, n), s, bodies[kind])
		}
	}
	s := set(keys[:10]...)
	for kind, body := range bodies {
		run("ten-"+kind, s, body)
	}
	run("ten-chance", s, []byte(strings.Repeat(held(r, s.content().engines[0]), benchSize/8)))
	run("json-short8", set(keys[0][3:11]), bodies["json"])
	run("json-16", set(keys[0][3:19]), bodies["json"])
	run("json-with", set(keys[0]).With(needles(keys[1])), bodies["json"])
	run("same-needle", set(strings.Repeat("a", 50)+"b"), []byte(strings.Repeat("a", benchSize)))
}

// BenchmarkHits has bodies that hold the secret, written in escapes, every so many bytes:
// for each, the way back is worked out.
func BenchmarkHits(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 7))
	key := "sk-" + letters(r, 48)
	s := set(key)
	for kind, piece := range map[string]string{"json": words(r), "references": "&#65=\n", "coded": strings.Repeat("V", 55) + "=41"} {
		for _, far := range []int{100, 1000, 10000} {
			body := []byte(strings.Repeat(strings.Repeat(piece, 1+far/len(piece))+" %73"+key[1:]+" ", 1+1<<16/far))
			b.Run(fmt.Sprintf("%s-%d", kind, far), func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				var hits []Hit
				for b.Loop() {
					if hits = s.Find(body, 0, Whole, hits[:0]); len(hits) == 0 {
						b.Fatal("no hit")
					}
				}
			})
		}
	}
}

// cpuTime is that of the process: what else the machine does matters little to it.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // its arguments are good
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkNewSet(b *testing.B) {
	list := needles(letters(rand.New(rand.NewPCG(7, 8)), 51))
	for b.Loop() {
		NewSet(list)
	}
}
