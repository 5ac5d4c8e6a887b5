package main

import (
	"testing"
	"time"
)

func TestDatesAreThoseOfPackageTime(t *testing.T) {
	for at := time.Unix(0, 0).UTC(); at.Year() < 2480; at = at.Add(86399*time.Second + 7*time.Hour) {
		want := at.Format(dateForm)
		if got := formatDate(at.Unix()); got != want {
			t.Fatalf("%d: %s, want %s", at.Unix(), got, want)
		}
		if got, ok := parseDate(want); !ok || got != at.Unix() {
			t.Fatalf("%s: %d %v", want, got, ok)
		}
	}
	for _, bad := range []string{"", "20261123T190000", "20261123T190000z", "20261123 190000Z", "20260229T000000Z", "20261301T000000Z", "20261123T240000Z", "20261123T236000Z", "2026112aT190000Z", "19691231T235959Z", "+0261123T190000Z"} {
		if at, ok := parseDate(bad); ok {
			t.Errorf("%q is %d", bad, at)
		}
	}
}
