package figures

import (
	"math"
	"testing"
)

func TestMarkdown(t *testing.T) {
	table := Table{Title: "Small", Subject: "seks", Columns: []Column{{Title: "req/s", Ratio: true}, {Title: "µs"}}}
	c := table.Case("GET")
	for round := range 3 {
		c.Add("seks", float64(80_000-1000*round), 12.5)
		c.Add("nginx", float64(100_000-1000*round), math.NaN())
	}
	table.Case("GET").Note("absent", "not installed")
	want := `### Small

| case | through | req/s | seks ÷ it | µs |
|---|---|---|---|---|
| GET | seks | 79 000 (78 000–80 000) |  | 12.5 (12.5–12.5) |
|  | nginx | 99 000 (98 000–100 000) | 0.80 |  |
|  | absent | not installed |  | not installed |
`
	if got := table.Markdown(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNumber(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", 0.8049: "0.80", 9.999: "10.00", 12.34: "12.3", 123.4: "123",
		999.6: "1 000", 1000: "1 000", 1234567.4: "1 234 567", -1234: "-1 234", -123456: "-123 456",
	} {
		if got := number(f); got != want {
			t.Errorf("%v: %q, want %q", f, got, want)
		}
	}
}
