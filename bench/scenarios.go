package main

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/seksbot/seks-broker/bench/fastupstream"
	"github.com/seksbot/seks-broker/bench/figures"
	"github.com/seksbot/seks-broker/bench/load"
	"github.com/seksbot/seks-broker/bench/peers"
)

// What the scenarios send.
const (
	small       = 110 // bytes of the smallest JSON answer
	larger      = 1000
	connections = 64
	streams     = 100
	pace        = "20ms" // between the events of a stream
	uploads     = 8
)

// question is the body of a small POST.
const question = `{"model":"gpt-bench","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"Say hello to the benchmark."}],"temperature":0.2}`

type scenario struct {
	name    string
	title   func(options) string
	columns []figures.Column
	run     func(*bench, *figures.Table)
}

var none = math.NaN()

var scenarios = []scenario{
	{
		name:    "latency",
		title:   func(options) string { return "Latency: one connection, one request after the other" },
		columns: []figures.Column{{Title: "median µs"}, {Title: "p99 µs"}, {Title: "added to the median, µs"}, {Title: "added to the p99, µs"}},
		run:     latency,
	},
	{
		name:    "bulk",
		title:   func(o options) string { return fmt.Sprintf("Bulk: %d MiB each way", o.bulk>>20) },
		columns: []figures.Column{{Title: "MB/s", Ratio: true}, {Title: "MB a CPU second", Ratio: true}, {Title: "peak resident MiB"}, {Title: "of it in this transfer"}},
		run:     bulk,
	},
	{
		name: "s3",
		title: func(o options) string {
			return fmt.Sprintf("S3: %d uploads of %d MiB at once, in signed chunks", uploads, o.bulk>>20)
		},
		columns: []figures.Column{{Title: "MB/s", Ratio: true}, {Title: "MB a CPU second", Ratio: true}, {Title: "peak resident MiB"}, {Title: "of it in these transfers"}},
		run:     s3,
	},
	{
		name: "small",
		title: func(options) string {
			return fmt.Sprintf("Small JSON: %d connections", connections)
		},
		columns: []figures.Column{{Title: "requests/s", Ratio: true}, {Title: "requests a CPU second", Ratio: true}, {Title: "gateway's CPU busy, %"}, {Title: "load's, %"}},
		run:     smallJSON,
	},
	{
		name: "sse",
		title: func(options) string {
			return fmt.Sprintf("Server-sent events: %d streams", streams)
		},
		columns: []figures.Column{{Title: "events/s", Ratio: true}, {Title: "median µs"}, {Title: "p99 µs"}, {Title: "gateway's CPU busy, %"}, {Title: "load's, %"}},
		run:     events,
	},
	{
		name:    "event",
		title:   func(options) string { return "An event through the scrubber, one after the other" },
		columns: []figures.Column{{Title: "median µs"}, {Title: "p99 µs"}, {Title: "above cat's median, µs"}, {Title: "above its p99, µs"}},
		run:     event,
	},
	{
		name:    "plugins",
		title:   func(options) string { return "Plugins: limits on" },
		columns: []figures.Column{{Title: "µs"}},
		run:     plugins,
	},
	{
		name: "search",
		title: func(options) string {
			return fmt.Sprintf("The scrubber's search: %d MiB, by CPU time", searchSize>>20)
		},
		columns: []figures.Column{{Title: "GB a CPU second"}},
		run:     search,
	},
}

func latency(b *bench, table *figures.Table) {
	for _, m := range requests(small) {
		direct := map[int][2]float64{} // by round
		rounds := map[string]int{}
		c := table.Case(m.name)
		b.interleaved(c, func(t *peers.Target) ([]float64, error) {
			micros, err := load.RoundTrips(load.Options{Address: t.Address, Request: m.request(t), Warm: warm, Measure: b.options.round})
			if err != nil {
				return nil, err
			}
			median, p99 := figures.Quantile(micros, 0.5), figures.Quantile(micros, 0.99)
			round := rounds[t.Name]
			rounds[t.Name]++
			if t.Name == peers.Direct {
				direct[round] = [2]float64{median, p99}
				return []float64{median, p99, none, none}, nil
			}
			base, ok := direct[round]
			if !ok { // this round begins with a gateway: the direct run before stands in
				base = direct[round-1]
			}
			return []float64{median, p99, median - base[0], p99 - base[1]}, nil
		})
	}
}

// message is a kind of request.
type message struct {
	name    string
	request func(*peers.Target) []byte
}

// requests are a GET and a POST whose answers have size bytes.
func requests(size int) []message {
	return []message{
		{fmt.Sprintf("GET, %d bytes", size), func(t *peers.Target) []byte {
			return t.Request("GET", fmt.Sprint("/v1/models/", size), 0, "")
		}},
		{fmt.Sprintf("POST, %d bytes", size), func(t *peers.Target) []byte {
			return t.Request("POST", fmt.Sprint("/v1/chat/completions?bytes=", size), int64(len(question)), question)
		}},
	}
}

func smallJSON(b *bench, table *figures.Table) {
	for _, size := range []int{small, larger} {
		for _, m := range requests(size) {
			b.interleaved(table.Case(m.name), func(t *peers.Target) ([]float64, error) {
				meter := b.meter(t)
				rate, err := load.Closed(load.Options{
					Address: t.Address, Request: m.request(t), Connections: connections,
					Warm: warm, Measure: b.options.round, Begin: meter.begin,
				})
				_, gateway, others := meter.end()
				return []float64{rate, rate / (gateway / 100), gateway, others}, err
			})
		}
	}
}

func events(b *bench, table *figures.Table) {
	for _, kind := range []struct{ name, every string }{{"each stream an event every " + pace, pace}, {"as fast as they go", "0s"}} {
		b.interleaved(table.Case(kind.name), func(t *peers.Target) ([]float64, error) {
			meter := b.meter(t)
			micros, rate, err := load.Events(load.Options{
				Address: t.Address, Request: t.Request("POST", "/v1/responses?every="+kind.every, int64(len(question)), question),
				Connections: streams, Warm: warm, Measure: b.options.round, Begin: meter.begin,
			})
			_, gateway, others := meter.end()
			if kind.every == "0s" { // events wait in full buffers: their age says nothing
				return []float64{rate, none, none, gateway, others}, err
			}
			return []float64{rate, figures.Quantile(micros, 0.5), figures.Quantile(micros, 0.99), gateway, others}, err
		})
	}
}

func bulk(b *bench, table *figures.Table) {
	size := b.options.bulk
	path := fmt.Sprintf("/v1/files/%d/content", size)
	b.interleaved(table.Case("download"), func(t *peers.Target) ([]float64, error) {
		return b.transfer(t, size, func() (float64, error) {
			got, took, err := load.Download(t.Address, t.Request("GET", path, 0, ""))
			if err == nil && got != size {
				err = fmt.Errorf("%d bytes came, not %d", got, size)
			}
			return took.Seconds(), err
		})
	})
	b.interleaved(table.Case("upload"), func(t *peers.Target) ([]float64, error) {
		return b.transfer(t, size, func() (float64, error) {
			took, err := load.Upload(t.Address, t.Request("POST", "/v1/files", size, ""), size, []byte(fastupstream.Block))
			return took.Seconds(), err
		})
	})
}

// s3 uploads with chunks of 64 KiB, but one object that is a single chunk. A gateway
// that signs anew verifies each on its way, and signs it again.
func s3(b *bench, table *figures.Table) {
	size := b.options.bulk
	all := make([]load.Signed, uploads)
	for i := range all {
		all[i] = load.Signed{Size: size, Chunk: 64 << 10, Content: []byte(fastupstream.Block)}
		if i == 0 {
			all[i].Chunk = size
		}
		all[i].Digest()
	}
	b.interleaved(table.Case("one of them in one chunk"), func(t *peers.Target) ([]float64, error) {
		return b.transfer(t, uploads*size, func() (float64, error) {
			ended := make(chan error, uploads)
			begin := time.Now()
			for i, u := range all {
				u.Address, u.Path, u.ID, u.Secret = t.Address, fmt.Sprint(t.S3.Prefix, "/bench/", i), t.S3.ID, t.S3.Secret
				go func() { ended <- u.Upload() }()
			}
			var err error
			for range uploads {
				err = errors.Join(err, <-ended)
			}
			return time.Since(begin).Seconds(), err
		})
	})
}

// transfer measures transfers of size bytes in all, and what memory the gateway took
// for them.
func (b *bench) transfer(t *peers.Target, size int64, move func() (seconds float64, err error)) ([]float64, error) {
	const mebi = 1 << 20
	memory := func() (float64, error) {
		if t.Child == nil {
			return none, nil
		}
		_, peak, err := peers.Memory(t.Child.PID())
		return float64(peak) / mebi, err
	}
	before, err := memory()
	if err != nil {
		return nil, err
	}
	meter := b.meter(t)
	meter.begin()
	seconds, err := move()
	cpu, _, _ := meter.end()
	after, merr := memory()
	if err = errors.Join(err, merr); err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	megabytes := float64(size) / 1e6
	return []float64{megabytes / seconds, megabytes / cpu, after, after - before}, nil
}
