package figures

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Column is one figure of a scenario.
type Column struct {
	Title string // with its unit
	// Ratio asks for a further column: the figure of the subject over that of
	// each peer.
	Ratio bool
}

// Case is one measurement, of all its targets in turn.
type Case struct {
	Name string
	rows []*row
}

type row struct {
	target string
	rounds [][]float64 // by column, then round
	note   string
}

// Table is the figures of one scenario.
type Table struct {
	Title   string
	Subject string // the target that ratios are about
	Columns []Column
	cases   []*Case
}

// Case finds a case by its name, or begins it.
func (t *Table) Case(name string) *Case {
	for _, c := range t.cases {
		if c.Name == name {
			return c
		}
	}
	c := &Case{Name: name}
	t.cases = append(t.cases, c)
	return c
}

// Add adds one round of a target: a figure for each of the table's columns, NaN
// where it has none.
func (c *Case) Add(target string, figures ...float64) {
	r := c.row(target)
	for i, f := range figures {
		if i == len(r.rounds) {
			r.rounds = append(r.rounds, nil)
		}
		r.rounds[i] = append(r.rounds[i], f)
	}
}

// Note says instead of figures why a target has none.
func (c *Case) Note(target, note string) { c.row(target).note = note }

// Rounds are the samples of a target in one column.
func (c *Case) Rounds(target string, column int) []float64 {
	for _, r := range c.rows {
		if r.target == target && column < len(r.rounds) {
			return r.rounds[column]
		}
	}
	return nil
}

func (c *Case) row(target string) *row {
	for _, r := range c.rows {
		if r.target == target {
			return r
		}
	}
	r := &row{target: target}
	c.rows = append(c.rows, r)
	return r
}

// Markdown is the table as text: median (least–most) in each cell.
func (t *Table) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n| case | through |", t.Title)
	rule := "|---|---|"
	for _, c := range t.Columns {
		fmt.Fprintf(&b, " %s |", c.Title)
		rule += "---|"
		if c.Ratio {
			fmt.Fprintf(&b, " %s ÷ it |", t.Subject)
			rule += "---|"
		}
	}
	b.WriteString("\n" + rule + "\n")
	for _, c := range t.cases {
		name := c.Name
		for _, r := range c.rows {
			fmt.Fprintf(&b, "| %s | %s |%s\n", name, r.target, t.cells(c, r))
			name = ""
		}
	}
	return b.String()
}

func (t *Table) cells(c *Case, r *row) string {
	var b strings.Builder
	for i, col := range t.Columns {
		if r.note != "" {
			fmt.Fprintf(&b, " %s |", r.note)
		} else {
			fmt.Fprintf(&b, " %s |", cell(c.Rounds(r.target, i)))
		}
		if !col.Ratio {
			continue
		}
		ratio := Ratio(c.Rounds(t.Subject, i), c.Rounds(r.target, i))
		if r.target == t.Subject || math.IsNaN(ratio) {
			b.WriteString("  |")
		} else {
			fmt.Fprintf(&b, " %.2f |", ratio)
		}
	}
	return b.String()
}

func cell(samples []float64) string {
	s := Of(samples)
	switch {
	case math.IsNaN(s.Median):
		return ""
	case len(samples) == 1:
		return number(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", number(s.Median), number(s.Min), number(s.Max))
}

// number writes three digits that count, and large numbers whole.
func number(f float64) string {
	switch a := math.Abs(f); {
	case a >= 999.5:
		return grouped(int64(math.Round(f)))
	case a >= 100 || f == 0:
		return strconv.FormatFloat(f, 'f', 0, 64)
	case a >= 10:
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'f', 2, 64)
}

// grouped is a number with a thin gap between thousands.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}
