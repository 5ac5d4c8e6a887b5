package config

import (
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// table reads one table of the file, key by key. A key that is absent, or
// whose value is wrong and was reported, has the default.
type table struct {
	doc    *document
	at     toml.Key
	values map[string]any
}

func (t table) fault(name, format string, args ...any) {
	t.doc.fault(child(t.at, name), format, args...)
}

func (t table) value(name string) (v any, given bool) {
	t.doc.asked[child(t.at, name).String()] = true
	v, given = t.values[name]
	return v, given
}

func (t table) mistyped(name string, got any, wanted string) {
	t.fault(name, "is %s: write %s", describe(got), wanted)
}

func (t table) text(name, def string) string {
	v, given := t.value(name)
	if !given {
		return def
	}
	s, ok := v.(string)
	if !ok {
		t.mistyped(name, v, `text in quotes, as in `+name+` = "…"`)
		return def
	}
	if strings.ContainsAny(s, "\x00\r\n") {
		t.fault(name, "holds a line break or a NUL: write it on one line")
		return def
	}
	return s
}

func (t table) boolean(name string, def bool) bool {
	v, given := t.value(name)
	if !given {
		return def
	}
	b, ok := v.(bool)
	if !ok {
		t.mistyped(name, v, "true or false, without quotes")
		return def
	}
	return b
}

func (t table) integer(name string, def, least int) int {
	v, given := t.value(name)
	if !given {
		return def
	}
	n, ok := v.(int64)
	if !ok {
		t.mistyped(name, v, "a whole number, without quotes")
		return def
	}
	const most = 1 << 30 // also what fits an int everywhere
	if n < int64(least) || n > most {
		t.fault(name, "is %d: write a number from %d to %d", n, least, most)
		return def
	}
	return int(n)
}

func (t table) duration(name string, def, least time.Duration) time.Duration {
	v, given := t.value(name)
	if !given {
		return def
	}
	s, ok := v.(string)
	if !ok {
		t.mistyped(name, v, `a time with its unit in quotes, as in "30s" or "10m"`)
		return def
	}
	n, err := time.ParseDuration(s)
	if err != nil {
		t.fault(name, `%q is no time: write a number and its unit, as in "30s" or "10m"`, s)
		return def
	}
	if n < least {
		t.fault(name, "%q is too short: write at least %q", s, least)
		return def
	}
	return n
}

// list reads a list of texts; where one is allowed, a text alone is a list of
// one.
func (t table) list(name string, oneAllowed bool, def ...string) []string {
	v, given := t.value(name)
	if !given {
		return def
	}
	if s, ok := v.(string); ok && oneAllowed {
		return []string{s}
	}
	items, ok := v.([]any)
	if !ok {
		t.mistyped(name, v, `a list of texts, as in `+name+` = ["…", "…"]`)
		return def
	}
	texts := make([]string, 0, len(items))
	for i, item := range items {
		s, ok := item.(string)
		if !ok {
			t.fault(name, "item %d is %s: write text in quotes", i+1, describe(item))
			continue
		}
		texts = append(texts, s)
	}
	return texts
}

// choice reads one of a few words. The first is the default.
func choice[T ~string](t table, name string, words ...T) T {
	s := t.text(name, string(words[0]))
	quoted := make([]string, len(words))
	for i, w := range words {
		if s == string(w) {
			return w
		}
		quoted[i] = `"` + string(w) + `"`
	}
	t.fault(name, "%q is none of its values: write one of %s", s, strings.Join(quoted, ", "))
	return words[0]
}

// table is the table at name, empty where there is none.
func (t table) table(name string) table {
	inner := table{doc: t.doc, at: child(t.at, name)}
	v, given := t.value(name)
	if !given {
		return inner
	}
	values, ok := v.(map[string]any)
	if !ok {
		t.mistyped(name, v, "a table, as in ["+inner.at.String()+"]")
		return inner
	}
	inner.values = values
	return inner
}

func describe(v any) string {
	switch v.(type) {
	case string:
		return "text"
	case bool:
		return "true or false"
	case int64:
		return "a whole number"
	case float64:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	case []map[string]any:
		return "a list of tables"
	}
	return "a date or time"
}
