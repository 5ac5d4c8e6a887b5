package token

import (
	"strings"
	"testing"
)

func TestBadRecordsAreRefusedAllAtOnce(t *testing.T) {
	r := newRoom(t)
	long := strings.Repeat("a", 129)
	cases := map[string]struct {
		change func(*Record)
		want   []string
	}{
		"empty":           {func(r *Record) { *r = Record{} }, []string{"the tenant", "the agent", "the provider", "the credential"}},
		"agent":           {func(r *Record) { r.Agent = "a b" }, []string{"the agent"}},
		"agent too long":  {func(r *Record) { r.Agent = long }, []string{"the agent"}},
		"agent bytes":     {func(r *Record) { r.Agent = "a\xff" }, []string{"the agent"}},
		"underscore":      {func(r *Record) { r.Provider = "open_ai" }, []string{"the provider"}},
		"provider digit":  {func(r *Record) { r.Provider = "3s" }, []string{"the provider"}},
		"credential":      {func(r *Record) { r.Credential = "Main" }, []string{"the credential"}},
		"tenant":          {func(r *Record) { r.Tenant = "a/b" }, []string{"the tenant"}},
		"expired at once": {func(rec *Record) { rec.Expires = r.clock.now() }, []string{"later time"}},
		"rules":           {func(r *Record) { r.Allow, r.Rate = []string{"x"}, Rate{N: 1} }, []string{"begin with a method", "a rate is written"}},
	}
	for name, c := range cases {
		rec := basic
		c.change(&rec)
		plain, _, err := r.Issue(rec)
		if err == nil || plain.Len() != 0 {
			t.Errorf("%s: issued", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q is not in: %v", name, want, err)
			}
		}
	}
	if list, _ := r.List(); len(list) != 0 {
		t.Errorf("%d refused tokens are in the store", len(list))
	}
	rec := basic
	rec.ID, rec.Revoked, rec.Agent = "tok_mine", r.clock.now(), "aZ09._@/-"
	if _, got := r.issue(t, rec); got.ID == rec.ID || !got.Revoked.IsZero() {
		t.Errorf("Issue took id or revocation from its caller: %+v", got)
	}
}

func TestARecordWithUnknownRulesIsRefused(t *testing.T) {
	if _, err := decode([]byte(`{"id":"tok_x","max_spend":5}`)); err == nil || !strings.Contains(err.Error(), "newer seks") {
		t.Errorf("a rule that we don't know was dropped: %v", err)
	}
}
