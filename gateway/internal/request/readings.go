package request

import (
	"slices"
	"strings"
)

// MaxReadings bounds what Readings returns. Three decodings of a path with
// slashes to merge and parameters to cut make 16 in the ordinary case; only a
// path built for it makes more.
const MaxReadings = 16

// Decodings is how often a path is percent-decoded to find its readings.
const Decodings = 3

// Readings lists the ways in which servers may read a path: as sent;
// percent-decoded up to three times; each with runs of slashes merged, and with
// ";…" cut from each segment. They are distinct, the path as sent is the first.
//
// An empty result means more than MaxReadings: nobody should act on such a
// path. A path without "%", ";" and "//" has one reading, and no memory is
// allocated for it where the result stays with the caller: this function is
// small enough to be inlined there.
func Readings(path string) []string {
	if several := expand(path); several != nil {
		return several
	}
	return []string{path}
}

// expand is nil for a path with one reading, and empty for one with too many.
func expand(path string) []string {
	if !ambiguous(path) {
		return nil
	}
	set := append(make([]string, 0, MaxReadings), path)
	fits := true
	add := func(s string) {
		switch {
		case slices.Contains(set, s):
		case len(set) == MaxReadings:
			fits = false
		default:
			set = append(set, s)
		}
	}
	from := 0 // what this decoding added
	for n := 0; ; n++ {
		for i := from; i < len(set) && fits; i++ { // grows as it goes
			add(cut(set[i]))
			add(merge(set[i]))
		}
		if n == Decodings {
			break
		}
		to := len(set)
		for i := from; i < to && fits; i++ {
			add(decode(set[i]))
		}
		from = to
	}
	if !fits {
		return []string{}
	}
	return set
}

func ambiguous(path string) bool {
	before := byte(0)
	for i := range len(path) {
		c := path[i]
		if c == '%' || c == ';' || c == '/' && before == '/' {
			return true
		}
		before = c
	}
	return false
}

// decode percent-decodes once. A "%" that begins no escape stays: a path once
// decoded may hold any.
func decode(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			b = append(b, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}

// merge makes each run of slashes one.
func merge(s string) string {
	if !strings.Contains(s, "//") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		if s[i] != '/' || i == 0 || s[i-1] != '/' {
			b = append(b, s[i])
		}
	}
	return string(b)
}

// cut takes the parameters off each segment, from its first ";" to its end, as
// servlet containers do.
func cut(s string) string {
	if !strings.Contains(s, ";") {
		return s
	}
	b := make([]byte, 0, len(s))
	cutting := false
	for i := range len(s) {
		switch s[i] {
		case '/':
			cutting = false
		case ';':
			cutting = true
		}
		if !cutting {
			b = append(b, s[i])
		}
	}
	return string(b)
}
