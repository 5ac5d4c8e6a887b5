package accesslog

import (
	"fmt"
	"strconv"
	"time"
)

// Filter says which lines are wanted. The zero Filter wants all of them.
type Filter struct {
	Agent      string
	Credential string
	Provider   string
	Since      time.Time // lines of exchanges that began then or later
	Status     string    // as ParseStatus has it
}

// ParseStatus reads a status ("403") or a class of them ("4xx") and gives the
// lowest and highest status meant. "" is every one, and 0, where the agent was
// gone before the answer.
func ParseStatus(s string) (low, high int, err error) {
	if s == "" {
		return 0, 999, nil
	}
	if len(s) == 3 && s[0] >= '1' && s[0] <= '5' {
		if s[1:] == "xx" {
			low = int(s[0]-'0') * 100
			return low, low + 99, nil
		}
		if n, err := strconv.ParseUint(s, 10, 16); err == nil {
			return int(n), int(n), nil
		}
	}
	return 0, 0, fmt.Errorf("%q is not a status: write one such as 403, or a class such as 4xx", s)
}

// matcher is a Filter made ready.
type matcher struct {
	filter    Filter
	low, high int
	since     string // in timeFormat, "" without one
}

func newMatcher(f Filter) (matcher, error) {
	m := matcher{filter: f}
	var err error
	if m.low, m.high, err = ParseStatus(f.Status); err != nil {
		return m, err
	}
	if !f.Since.IsZero() {
		m.since = f.Since.UTC().Format(timeFormat)
	}
	return m, nil
}

// tooOld compares the line's time, which stands at a fixed place, before the
// line is parsed.
func (m *matcher) tooOld(line []byte) bool {
	return m.since != "" && len(line) >= timeEnd && string(line[timeStart:timeEnd]) < m.since
}

func (m *matcher) wants(e *Entry) bool {
	f := &m.filter
	return (f.Agent == "" || f.Agent == e.Agent) &&
		(f.Credential == "" || f.Credential == e.Credential) &&
		(f.Provider == "" || f.Provider == e.Provider) &&
		e.Status >= m.low && e.Status <= m.high
}
