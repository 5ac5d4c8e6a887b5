package main

import "strconv"

// Dates as SigV4 writes them, YYYYMMDDTHHMMSSZ, by the proleptic Gregorian
// calendar. Package time would bring its zone files' loader along, and with it
// imports that no plugin gets.

const dateForm = "20060102T150405Z"

// formatDate writes Unix seconds, from 1970 to 9999.
func formatDate(unix int64) string {
	year, month, day := civil(unix / 86400)
	clock := unix % 86400
	b := make([]byte, 0, len(dateForm))
	b = append(append(append(digits(b, year, 4), digits(nil, month, 2)...), digits(nil, day, 2)...), 'T')
	b = append(append(append(digits(b, clock/3600, 2), digits(nil, clock/60%60, 2)...), digits(nil, clock%60, 2)...), 'Z')
	return string(b)
}

// parseDate reads one. ok is false for what is no day of the calendar, or no time
// of a day.
func parseDate(s string) (unix int64, ok bool) {
	if len(s) != len(dateForm) || s[8] != 'T' || s[15] != 'Z' {
		return 0, false
	}
	for i := range len(s) {
		if i != 8 && i != 15 && (s[i] < '0' || s[i] > '9') {
			return 0, false
		}
	}
	number := func(from, to int) int64 {
		n, _ := strconv.ParseInt(s[from:to], 10, 64) // digits alone
		return n
	}
	year, month, day := number(0, 4), number(4, 6), number(6, 8)
	unix = days(year, month, day)*86400 + number(9, 11)*3600 + number(11, 13)*60 + number(13, 15)
	return unix, year >= 1970 && formatDate(unix) == s
}

// days since 1970-01-01, and back: years are counted from March, so that the odd
// day comes last. Source: "Euclidean affine functions and applications to calendar
// algorithms", Neri and Schneider, 2021; the plain form of the same.
func days(year, month, day int64) int64 {
	if month <= 2 {
		year, month = year-1, month+12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 719469
}

func civil(n int64) (year, month, day int64) {
	n += 719468
	era := n / 146097
	n %= 146097
	y := (n - n/1460 + n/36524 - n/146096) / 365
	n -= 365*y + y/4 - y/100
	month = (5*n + 2) / 153
	day = n - (153*month+2)/5 + 1
	year = y + 400*era
	if month += 3; month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}

func digits(b []byte, n int64, width int) []byte {
	for i := width - 1; i >= 0; i-- {
		p := int64(1)
		for range i {
			p *= 10
		}
		b = append(b, '0'+byte(n/p%10))
	}
	return b
}
