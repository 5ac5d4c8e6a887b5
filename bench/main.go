// Command bench measures build/seks beside other gateways, in one run on one
// machine: `make bench`. Every gateway has one CPU for itself; the load and the
// upstream have the others. Rounds are interleaved, so that what else the
// machine does hits all alike, and what counts are the ratios.
//
//	latency   one connection, one request after the other
//	bulk      a large download and upload, with the memory that they take
//	s3        8 large uploads at once in signed chunks, one of them a single chunk
//	small     small JSON answers, GET and POST, at 64 connections
//	event     one server-sent event through the scrubber alone, near misses in it
//	plugins   a call of a plugin, its load and its start, in each language
//	search    the scrubber's search over bodies of all kinds, for 1 to 10,000 secrets
//	sse       100 streams of server-sent events, paced and as fast as they go
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seksbot/seks-broker/bench/fastupstream"
	"github.com/seksbot/seks-broker/bench/figures"
	"github.com/seksbot/seks-broker/bench/peers"
)

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 1 && args[0] == "upstream" {
		return upstream()
	}
	if len(args) == 1 && args[0] == "awake" {
		return peers.StayAwake()
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	cores, err := peers.Split()
	if err != nil {
		return err
	}
	if err := peers.Pin(cores.Load); err != nil {
		return err
	}
	own, err := os.Executable()
	if err != nil {
		return err
	}
	setup, err := peers.Start(cores, o.build, own, o.awake)
	if err != nil {
		return err
	}
	defer setup.Stop()
	if err := checked(setup.Targets); err != nil {
		return err
	}
	b := &bench{options: o, setup: setup}
	report := about(setup, o) + "\n"
	fmt.Print(report)
	for _, s := range scenarios {
		if !slices.Contains(o.scenarios, s.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "bench: %s …\n", s.name)
		table := &figures.Table{Title: s.title(o), Subject: peers.Subject, Columns: s.columns}
		s.run(b, table)
		text := table.Markdown() + "\n"
		fmt.Print(text)
		report += text
	}
	if err := os.MkdirAll(o.results, 0o755); err != nil {
		return err
	}
	file := filepath.Join(o.results, "latest.md")
	if err := os.WriteFile(file, []byte(report), 0o644); err != nil {
		return err
	}
	return errors.Join(b.failed...)
}

// upstream is this program as the API behind the gateways.
func upstream() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("listening on", l.Addr())
	return fastupstream.Serve(l, os.Getenv("BENCH_KEY"))
}

// options are what a person may choose.
type options struct {
	scenarios      []string
	rounds         int
	round          time.Duration
	bulk           int64 // bytes
	awake          bool  // CPUs are kept so
	build, results string
}

func parse(args []string) (options, error) {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	chosen := f.String("scenario", strings.Join(names, ","), "which scenarios, by name, with commas between them")
	f.IntVar(&o.rounds, "rounds", 3, "how often each measurement is made")
	seconds := f.Float64("seconds", 3, "how long one measurement lasts")
	mib := f.Int64("mib", 1024, "size of a bulk transfer, in MiB")
	f.BoolVar(&o.awake, "awake", false, "keep idle CPUs awake, so that their waking is not timed; for a machine that does nothing else")
	f.StringVar(&o.build, "build", "build", "the folder with seks and plugins/")
	f.StringVar(&o.results, "results", "bench/results", "the folder that latest.md is written to")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.scenarios = strings.Split(*chosen, ",")
	for _, name := range o.scenarios {
		if !slices.Contains(names, name) {
			return o, fmt.Errorf("-scenario %s: there are %s", name, strings.Join(names, ", "))
		}
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("%s: only flags are wanted", f.Arg(0))
	case o.rounds < 1 || o.rounds > 100:
		return o, errors.New("-rounds: 1 to 100")
	case !(*seconds >= 0.1 && *seconds <= 60):
		return o, errors.New("-seconds: 0.1 to 60")
	case *mib < 1 || *mib > 16<<10:
		return o, errors.New("-mib: 1 to 16384")
	}
	o.round, o.bulk = time.Duration(*seconds*float64(time.Second)), *mib<<20
	return o, nil
}
