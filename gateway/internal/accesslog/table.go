package accesslog

import (
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// Table prints entries for people: one aligned line each, under a heading. A
// value too wide for its column pushes the rest of its line to the right.
type Table struct {
	w      io.Writer
	line   []byte
	headed bool
}

// column widths, in characters; the last column has none.
var (
	widths   = [...]int{24, -6, 16, 16, 44, 28, -10, -8, 0} // negative: to the right
	headings = [...]string{"TIME", "STATUS", "AGENT", "CREDENTIAL", "REQUEST", "OPERATION", "MS", "SCRUBBED", "REASON"}
)

// NewTable prints to w.
func NewTable(w io.Writer) *Table { return &Table{w: w} }

// Write prints one entry. Whatever a terminal would act on is escaped.
func (t *Table) Write(e Entry) error {
	if !t.headed {
		t.headed = true
		if err := t.row(headings); err != nil {
			return err
		}
	}
	status := ""
	if e.Status != 0 {
		status = strconv.Itoa(e.Status)
	}
	return t.row([len(widths)]string{
		e.Time.UTC().Format("2006-01-02T15:04:05.000Z"),
		status,
		e.Agent,
		e.Credential,
		e.Method + " " + e.Path,
		e.Operation,
		strconv.FormatFloat(e.TotalMS, 'f', 3, 64),
		strconv.Itoa(e.Scrubbed),
		reason(e),
	})
}

func reason(e Entry) string {
	switch {
	case e.Decision == Intent:
		return "no outcome on record"
	case e.Error == "":
		return e.Reason
	case e.Reason == "":
		return e.Error
	}
	return e.Error + ": " + e.Reason
}

func (t *Table) row(cells [len(widths)]string) error {
	t.line = t.line[:0]
	for i, cell := range cells {
		if i > 0 {
			t.line = append(t.line, "  "...)
		}
		t.line = appendCell(t.line, cell, widths[i])
	}
	if _, err := t.w.Write(append(t.line, '\n')); err != nil {
		return fmt.Errorf("access log: the table can't be printed: %w", err)
	}
	return nil
}

func appendCell(b []byte, cell string, width int) []byte {
	if cell == "" {
		cell = "-"
	}
	text := appendEscaped(nil, cell, quoteTerminal)
	space := max(width, -width) - utf8.RuneCount(text)
	if width > 0 {
		b = append(b, text...)
	}
	for ; space > 0; space-- {
		b = append(b, ' ')
	}
	if width <= 0 {
		b = append(b, text...)
	}
	return b
}
