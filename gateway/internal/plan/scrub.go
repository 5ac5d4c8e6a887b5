package plan

import (
	"fmt"
	"strings"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Scrub is what a plugin adds to the host's scrubbing of one answer. The zero
// value adds nothing.
type Scrub struct {
	abi.ScrubPlan
}

// ParseScrub reads a scrub plan.
func ParseScrub(b []byte) (Scrub, error) {
	var s Scrub
	if len(b) > abi.MaxPlan {
		return s, fmt.Errorf("the scrub plan has %d bytes; at most %d are allowed", len(b), abi.MaxPlan)
	}
	if err := s.Unmarshal(b); err != nil {
		return s, fmt.Errorf("the scrub plan can't be read: %w", err)
	}
	if err := checkSecretFields(s.SecretFields); err != nil {
		return s, err
	}
	if err := checkLinks(s.Links); err != nil {
		return s, err
	}
	if len(s.Rewrites) > abi.MaxEdits {
		return s, fmt.Errorf("the scrub plan has %d rewrites; at most %d are allowed", len(s.Rewrites), abi.MaxEdits)
	}
	for _, r := range s.Rewrites {
		if why := HeaderForbidden(r.Header); why != "" || r.From == "" || !headerValueLegal(r.To) {
			return s, fmt.Errorf("the scrub plan's rewrite of %.64q is not legal", r.Header)
		}
	}
	return s, nil
}

// checkSecretFields: up to 64 paths such as result.value, of up to 16 names.
func checkSecretFields(paths []string) error {
	if len(paths) > 64 {
		return fmt.Errorf("the scrub plan has %d secret fields; at most 64 are allowed", len(paths))
	}
	for _, p := range paths {
		names := strings.Split(p, ".")
		for _, n := range names {
			if n == "" || len(n) > 128 || len(names) > 16 {
				return fmt.Errorf("the scrub plan's secret field %.64q: must be 1 to 16 names of 1 to 128 bytes, joined by dots", p)
			}
		}
	}
	return nil
}

// checkLinks: up to 64 names of members, of which the first byte may be "*".
func checkLinks(names []string) error {
	if len(names) > 64 {
		return fmt.Errorf("the scrub plan has %d links; at most 64 are allowed", len(names))
	}
	for _, n := range names {
		if len(n) > 128 || strings.Trim(n, "*") == "" || strings.ContainsAny(strings.TrimPrefix(n, "*"), `*"\<>`) {
			return fmt.Errorf("the scrub plan's link %.64q: must be a name of up to 128 bytes with no quote, backslash or angle bracket, or * and the end of one", n)
		}
	}
	return nil
}

// maxRewritten bounds a rewritten value: without it, a few rewrites of "a" would
// fill the memory.
const maxRewritten = 64 << 10

// Drops says whether the plan drops a header of the answer.
func (s *Scrub) Drops(name string) bool { return holdsFold(s.Drop, name) }

// Masks says whether the plan masks the whole value of a header.
func (s *Scrub) Masks(name string) bool { return holdsFold(s.Mask, name) }

// KeepsCookie says whether a Set-Cookie of that cookie name may pass.
func (s *Scrub) KeepsCookie(setCookie string) bool {
	name, _, _ := strings.Cut(setCookie, "=")
	for _, k := range s.KeepCookies {
		if k == strings.TrimSpace(name) {
			return true
		}
	}
	return false
}

// Rewritten is the value of a header after the plan's rewrites; one that would
// make it too long is left out.
func (s *Scrub) Rewritten(name, value string) string {
	for i := range s.Rewrites {
		r := &s.Rewrites[i]
		if !strings.EqualFold(r.Header, name) {
			continue
		}
		if len(value)+strings.Count(value, r.From)*(len(r.To)-len(r.From)) <= max(maxRewritten, len(value)) {
			value = strings.ReplaceAll(value, r.From, r.To)
		}
	}
	return value
}

func holdsFold(list []string, name string) bool {
	for _, l := range list {
		if strings.EqualFold(l, name) {
			return true
		}
	}
	return false
}
