package token

import "strings"

// MatchGlob reports whether pattern matches the whole of s. '*' stands for any
// run of bytes, "/" among them; every other byte for itself. Each piece between
// stars is taken at its first place, which leaves most for the rest: so nothing
// is ever tried twice, and time is linear in len(s).
func MatchGlob(pattern, s string) bool {
	piece, rest, starred := strings.Cut(pattern, "*")
	if !starred {
		return pattern == s
	}
	if !strings.HasPrefix(s, piece) {
		return false
	}
	s = s[len(piece):]
	for {
		piece, rest, starred = strings.Cut(rest, "*")
		if !starred {
			return strings.HasSuffix(s, piece)
		}
		i := strings.Index(s, piece)
		if i < 0 {
			return false
		}
		s = s[i+len(piece):]
	}
}
