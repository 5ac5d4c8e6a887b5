// Command demo shows the whole round trip with nothing but this machine: an
// agent with the official OpenAI SDK and a proxy token, the broker, and a double
// of the API that repeats the key it was sent. It prints four views of that,
// searches them for the key, and fails unless it is in the API's view alone.
//
// Usage: go run ./demo ../build/seks
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: demo path/to/seks")
		os.Exit(2)
	}
	if err := run(filepath.Dir(os.Args[1]), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(build string, out io.Writer) error {
	dir, err := os.MkdirTemp("", "seks-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	t, err := roundTrip(build, dir)
	if err != nil {
		return err
	}
	p := printer{out: out, colour: isTerminal(out)}
	for i, v := range t.views {
		p.view(i+1, v)
	}
	if err := t.judge(); err != nil {
		return err
	}
	p.closing(t)
	return nil
}
