package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// printer writes for people: views under headings, in bold on a terminal.
type printer struct {
	out    io.Writer
	colour bool
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (p printer) heading(text string) {
	if p.colour {
		text = "\x1b[1m" + text + "\x1b[0m"
	}
	fmt.Fprintf(p.out, "\n%s\n\n", text)
}

func (p printer) view(n int, v view) {
	p.heading(fmt.Sprintf("== %d. %s", n, v.title))
	for line := range strings.SplitSeq(strings.TrimSpace(v.shown), "\n") {
		fmt.Fprintln(p.out, strings.TrimRight("  "+line, " \r"))
	}
}

func (p printer) closing(t trip) {
	bytes := 0
	for _, v := range t.views {
		bytes += len(v.all)
	}
	p.heading("== Checked")
	fmt.Fprintf(p.out, "  All %d bytes of the four views were searched for the key, raw and in base64 and hex:\n", bytes)
	fmt.Fprintf(p.out, "  the real key is in view 2 and in no other; the proxy token is in view 1 and in no other.\n")
}
