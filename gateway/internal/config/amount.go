package config

import (
	"strconv"
	"strings"
	"time"
)

const (
	day       = 24 * time.Hour
	mostDays  = 36500
	mostBytes = 1 << 50
)

// age reads how long something is kept, in days or shorter units. "" and "0"
// are for good, which is 0 and the default.
func (t table) age(name string, least time.Duration) time.Duration {
	s := t.text(name, "")
	if s == "" || s == "0" {
		return 0
	}
	n, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var count uint64
		count, err = strconv.ParseUint(days, 10, 32)
		n = time.Duration(min(count, mostDays+1)) * day
	}
	switch {
	case err != nil:
		t.fault(name, `%q is no time: write a number of days, as in "90d", or of hours, as in "36h"; "" for good`, s)
		return 0
	case n < least || n > mostDays*day:
		t.fault(name, `%q is out of bounds: write at least "%dd" and at most "%dd"`, s, least/day, mostDays)
		return 0
	}
	return n
}

var units = []struct {
	name string
	size int64
}{ // the longer ones first: each ends in "B"
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"B", 1},
}

// size reads a number of bytes. "" and "0" are no bound, which is 0 and the
// default.
func (t table) size(name string, least int64) int64 {
	s := t.text(name, "")
	if s == "" || s == "0" {
		return 0
	}
	for _, u := range units {
		digits, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSuffix(digits, " "), 10, 64)
		if err != nil || n < 0 || strings.HasPrefix(digits, "+") {
			break
		}
		if n > mostBytes/u.size || n*u.size < least {
			t.fault(name, `%q is out of bounds: write at least "%dMiB" and at most "1024TiB"`, s, least>>20)
			return 0
		}
		return n * u.size
	}
	t.fault(name, `%q is no size: write a number and its unit, as in "500MiB" or "10GiB"; "" for no bound`, s)
	return 0
}
