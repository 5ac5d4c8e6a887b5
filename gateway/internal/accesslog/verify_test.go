package accesslog

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Each case changes the 12 lines of a sealed log (4 in each of 3 segments) and
// says what Verify must name: kind, lines, segment.
func TestTampering(t *testing.T) {
	join := func(frames [][]string) []string { return slices.Concat(frames...) }
	edit := func(n int, from, to string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			segment := (n-1)/4 + 1
			lines := join(framesOf(t, dir, segment))
			i := (n - 1) % 4
			if !strings.Contains(lines[i], from) {
				t.Fatal("nothing to change")
			}
			lines[i] = strings.Replace(lines[i], from, to, 1)
			rewrite(t, dir, segment, lines)
		}
	}
	on := func(segment int, change func([]string) []string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			rewrite(t, dir, segment, change(join(framesOf(t, dir, segment))))
		}
	}
	rename := func(pairs ...int) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			for i := 0; i < len(pairs); i += 2 {
				if err := os.Rename(filepath.Join(dir, segmentName(pairs[i])), filepath.Join(dir, segmentName(pairs[i+1]))); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	hash := func(line string) string { return line[len(line)-66 : len(line)-2] }
	for name, c := range map[string]struct {
		change func(*testing.T, string)
		want   string
	}{
		"nothing":                {func(*testing.T, string) {}, ""},
		"recompressed only":      {on(2, func(l []string) []string { return l }), ""},
		"a value":                {edit(6, `"status":0`, `"status":1`), "changed 6-6 2"},
		"the first line":         {edit(1, `"id":"1"`, `"id":"X"`), "changed 1-1 1"},
		"the last line":          {edit(12, `"id":"12"`, `"id":"X"`), "changed 12-12 3"},
		"a hash":                 {on(2, func(l []string) []string { l[1] = l[1][:len(l[1])-4] + "00\"}"; return l }), "changed 6-6 2"},
		"a sealed hash":          {on(2, func(l []string) []string { l[3] = l[3][:len(l[3])-4] + "00\"}"; return l }), "changed 8-8 2"},
		"a number":               {edit(6, `"seq":6`, `"seq":60`), "changed 6-6 2"},
		"a number to one passed": {edit(6, `"seq":6`, `"seq":2`), "changed 6-6 2"},
		"no number":              {edit(6, `"seq":6`, `"sex":6`), "changed 6-6 2"},
		"the line's end":         {on(2, func(l []string) []string { l[1] += " "; return l }), "changed 6-6 2"},
		"a line cut in two":      {edit(6, `,"agent"`, "\n,\"agent\""), "changed 6-6 2"},
		"two lines joined":       {on(2, func(l []string) []string { return []string{l[0], l[1] + " " + l[2], l[3]} }), "changed 7-7 2; dropped 6-6 2"},
		"a line emptied":         {on(2, func(l []string) []string { l[1] = ""; return l }), "changed 6-6 2"},
		"one put in":             {on(2, func(l []string) []string { return slices.Insert(l, 1, `{"id":"X"}`) }), "changed 6-6 2"},

		"one dropped":            {on(2, func(l []string) []string { return slices.Delete(l, 1, 2) }), "dropped 6-6 2"},
		"two dropped":            {on(2, func(l []string) []string { return slices.Delete(l, 1, 3) }), "dropped 6-7 2"},
		"a sealed one dropped":   {on(2, func(l []string) []string { return l[:3] }), "dropped 8-8 3"},
		"the very first dropped": {on(1, func(l []string) []string { return l[1:] }), "dropped 1-1 1"},
		"the last dropped":       {on(3, func(l []string) []string { return l[:3] }), "truncated 12-12 3"},
		"the end dropped":        {on(3, func(l []string) []string { return nil }), "changed 9-9 3; truncated 10-12 3"},
		"one doubled":            {on(2, func(l []string) []string { return slices.Insert(l, 2, l[1]) }), "doubled 6-6 2"},
		"one doubled further on": {on(2, func(l []string) []string { return append(l, l[0]) }), "doubled 5-5 2"},
		"two doubled":            {on(2, func(l []string) []string { return append(l[:2:2], l...) }), "doubled 5-6 2"},
		"a frame doubled":        {on(3, func(l []string) []string { return append(l, l[2:]...) }), "doubled 11-12 3"},
		"two swapped":            {on(2, func(l []string) []string { l[1], l[2] = l[2], l[1]; return l }), "swapped 6-6 2"},
		"two far ones swapped":   {on(2, func(l []string) []string { l[0], l[3] = l[3], l[0]; return l }), "swapped 6-7 2; swapped 5-5 2"},
		"swapped and changed": {on(2, func(l []string) []string {
			l[1], l[2] = l[2], strings.Replace(l[1], `"id":"6"`, `"id":"X"`, 1)
			return l
		}), "changed 6-6 2; swapped 6-6 2"},
		"replaced by another line": {on(2, func(l []string) []string { l[1] = l[0]; return l }), "doubled 5-5 2; dropped 6-6 2"},

		"a segment removed":  {func(t *testing.T, dir string) { _ = os.Remove(filepath.Join(dir, segmentName(2))) }, "no segment 0-0 2; dropped 5-8 3"},
		"the first removed":  {func(t *testing.T, dir string) { _ = os.Remove(filepath.Join(dir, segmentName(1))) }, "no segment 0-0 1; dropped 1-4 2"},
		"the newest removed": {func(t *testing.T, dir string) { _ = os.Remove(filepath.Join(dir, segmentName(3))) }, "truncated 9-12 3"},
		"a segment renamed":  {rename(2, 9), "no segment 0-0 2; no segment 0-0 4; swapped 5-8 9; moved 5-8 9"},
		"the newest renamed": {rename(3, 4), "no segment 0-0 3; moved 9-12 4"},
		"segments swapped":   {rename(2, 7, 3, 2, 7, 3), "moved 9-12 2; swapped 5-8 3; moved 5-8 3"},
		"a segment copied":   {func(t *testing.T, dir string) { rewrite(t, dir, 4, framesOf(t, dir, 2)...) }, "doubled 5-8 4"},
		"a segment emptied":  {func(t *testing.T, dir string) { _ = os.Truncate(filepath.Join(dir, segmentName(2)), 0) }, "dropped 5-8 3"},
		"a line moved to the next": {func(t *testing.T, dir string) {
			two, three := join(framesOf(t, dir, 2)), join(framesOf(t, dir, 3))
			rewrite(t, dir, 2, two[:3])
			rewrite(t, dir, 3, two[3:], three)
		}, "moved 5-8 3"},

		"rechained within a segment": {on(2, func(l []string) []string {
			l[1] = strings.Replace(l[1], `"id":"6"`, `"id":"X"`, 1)
			return append(l[:1], rechain(hash(l[0]), l[1:])...)
		}), "rewritten 5-8 2; changed 9-9 3"},
		"rechained for one line": {on(2, func(l []string) []string {
			l[1] = rechain(hash(l[0]), []string{strings.Replace(l[1], `"id":"6"`, `"id":"X"`, 1)})[0]
			return l
		}), "changed 7-7 2"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := sealedLog(t)
			c.change(t, dir)
			if got := found(verifyLog(t, dir)); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// An attacker without the key changes one line and makes the whole chain anew
// from there to the end: the next checkpoint gives it away.
func TestAChainMadeAnewIsFoundByTheCheckpoint(t *testing.T) {
	for n := 1; n <= 12; n++ {
		dir := sealedLog(t)
		var all []string
		for segment := 1; segment <= 3; segment++ {
			all = append(all, slices.Concat(framesOf(t, dir, segment)...)...)
		}
		all[n-1] = strings.Replace(all[n-1], `"status":0`, `"status":200`, 1)
		all = rechain(genesis.hash, all)
		for segment := 1; segment <= 3; segment++ {
			rewrite(t, dir, segment, all[segment*4-4:segment*4])
		}
		segment := (n-1)/4 + 1
		if got, want := found(verifyLog(t, dir)), fmt.Sprintf("rewritten %d-12 %d", segment*4-3, segment); got != want {
			t.Errorf("line %d: found %q, want %q", n, got, want)
		}
	}
}

// The same, of lines dropped and those behind them given their numbers.
func TestRenumberedLinesAreFoundByTheCheckpoint(t *testing.T) {
	dir := sealedLog(t)
	all := slices.Concat(framesOf(t, dir, 3)...)
	prev := all[0][len(all[0])-66 : len(all[0])-2]
	renumbered := []string{strings.Replace(all[2], `"seq":11`, `"seq":10`, 1), strings.Replace(all[3], `"seq":12`, `"seq":11`, 1)}
	rewrite(t, dir, 3, all[:1], rechain(prev, renumbered))
	if got := found(verifyLog(t, dir)); got != "truncated 12-12 3" {
		t.Errorf("found %q", got)
	}
	// One more line in the place of the one dropped does not help.
	renumbered = append(renumbered, strings.Replace(all[3], `"id":"12"`, `"id":"X"`, 1))
	rewrite(t, dir, 3, all[:1], rechain(prev, renumbered))
	if got := found(verifyLog(t, dir)); got != "rewritten 9-12 3" {
		t.Errorf("found %q", got)
	}
}

// Every byte of a segment's first line, an inner one and the log's last, changed
// in a frame that is right otherwise.
func TestEveryByteOfALine(t *testing.T) {
	dir := sealedLog(t)
	for _, n := range []int{1, 6, 12} {
		segment, i := (n-1)/4+1, (n-1)%4
		whole := framesOf(t, dir, segment)
		lines := slices.Concat(whole...)
		line := lines[i]
		for at := range len(line) {
			changed := []byte(line)
			changed[at] ^= 1 << (at % 7)
			lines[i] = string(changed)
			rewrite(t, dir, segment, lines[:2], lines[2:])
			if got, want := found(verifyLog(t, dir)), fmt.Sprintf("changed %d-%d %d", n, n, segment); got != want {
				t.Fatalf("line %d, byte %d, %q for %q: found %q", n, at, changed[at], line[at], got)
			}
		}
		rewrite(t, dir, segment, whole...)
	}
	if got := found(verifyLog(t, dir)); got != "" {
		t.Errorf("put right again: %q", got)
	}
}

// Every byte of a file: where it goes unnoticed, every line reads as before.
func TestEveryByteOfAFile(t *testing.T) {
	dir := sealedLog(t)
	want, _ := readIDs(t, dir)
	path := filepath.Join(dir, segmentName(2))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(b []byte, what string, at int) {
		putSegment(t, path, b)
		r := verifyLog(t, dir)
		if r.Whole() {
			if got, _ := readIDs(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("byte %d %s: lines %v, and nothing found", at, what, got)
			}
		} else if f := r.Findings[0]; len(r.Findings) > 1 || f.Kind != Unreadable && f.Kind != Dropped || f.First < 5 || f.Last != 8 && f.Last != 6 {
			t.Fatalf("byte %d %s: found %s", at, what, found(r))
		}
	}
	for at := range whole {
		changed := slices.Clone(whole)
		changed[at] ^= 1 << (at % 8)
		check(changed, "changed", at)
		check(whole[:at], "and all behind it cut", at)
	}
}
