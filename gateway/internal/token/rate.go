package token

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rate lets N requests pass at once, refilled evenly over Per. The zero Rate
// is none: no limit.
type Rate struct {
	N   int
	Per time.Duration
}

// maxRate keeps the time between two requests of the fastest rate far above
// the nanosecond that a clock counts in.
const maxRate = 1_000_000

var errRate = errors.New(`a rate is written as "10/s", "60/m" or "1000/h", and lets between 1 and 1000000 pass`)

// ParseRate reads "N/s", "N/m" and "N/h"; "" is no rate.
func ParseRate(text string) (Rate, error) {
	if text == "" {
		return Rate{}, nil
	}
	count, unit, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(count)
	if err != nil || strings.HasPrefix(count, "+") {
		return Rate{}, errRate
	}
	r := Rate{N: n}
	switch unit {
	case "s":
		r.Per = time.Second
	case "m":
		r.Per = time.Minute
	case "h":
		r.Per = time.Hour
	default:
		return Rate{}, errRate
	}
	if n < 1 || n > maxRate { // "0/m" would read as no limit
		return Rate{}, errRate
	}
	return r, nil
}

func (r Rate) check() error {
	if r == (Rate{}) {
		return nil
	}
	if r.N < 1 || r.N > maxRate || (r.Per != time.Second && r.Per != time.Minute && r.Per != time.Hour) {
		return errRate
	}
	return nil
}

// String is what ParseRate reads.
func (r Rate) String() string {
	if r == (Rate{}) {
		return ""
	}
	for unit, per := range map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour} {
		if r.Per == per {
			return strconv.Itoa(r.N) + "/" + unit
		}
	}
	return fmt.Sprintf("%d/%s", r.N, r.Per)
}

// MarshalText writes the rate as ParseRate reads it.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText is ParseRate.
func (r *Rate) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRate(string(text))
	return err
}
