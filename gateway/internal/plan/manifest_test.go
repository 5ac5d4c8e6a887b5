package plan

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// good is a manifest with something of everything.
func good() abi.Manifest {
	return abi.Manifest{
		Name: "example", Version: "1.2.3-rc.1+x", Title: "The Example API – für alle",
		Upstreams:       []abi.Upstream{{Name: "main", URL: "https://api.example.com"}, {Name: "uploads", URL: "https://up-1.example.com:8443/base/v1"}},
		VersionPrefixes: []string{"/v1", "/api/v2.1"},
		Fields: []abi.Field{
			{Name: "api_key", Use: abi.UseReveal, Main: true, Sinks: []abi.Sink{{Kind: abi.SinkHeader, Name: "authorization"}, {Kind: abi.SinkQuery, Name: "key"}}},
			{Name: "secret", Use: abi.UseSign, Optional: true, SignShapes: [][]byte{{1}}},
			{Name: "account", Use: abi.UsePublic, Help: "as on your invoice", Prefix: "ac-"},
		},
		TokenSlots: []abi.Slot{{Kind: abi.SlotHeader, Name: "authorization", Scheme: "Bearer"}, {Kind: abi.SlotQuery, Name: "key"}, {Kind: abi.SlotBasic}},
		Headers:    []string{"x-date"},
		ErrorShape: abi.ErrorShape{ContentType: "application/json", Body: `{"error":"{{message}}"}`, Statuses: []abi.CodeStatus{{Code: "token_invalid", Status: 403}}},
		Operations: []abi.Operation{{Name: "models.list", Class: abi.ClassRead, Method: "GET", Path: "/v1/models"}},
	}
}

func parse(m abi.Manifest) (*Manifest, error) { return ParseManifest(m.Marshal(), "digest") }

func TestGoodManifest(t *testing.T) {
	m, err := parse(good())
	if err != nil {
		t.Fatal(err)
	}
	if m.Digest != "digest" || m.MainField().Name != "api_key" || m.Field("account").Prefix != "ac-" || m.Field("api") != nil {
		t.Errorf("%+v", m)
	}
	if hosts := m.Hosts(); fmt.Sprint(hosts) != "[api.example.com up-1.example.com:8443]" || m.Origin[1].Path != "/base/v1" {
		t.Errorf("hosts %v, origins %v", hosts, m.Origin)
	}
	if got := m.Shape.Status(fault.New(fault.TokenInvalid)); got != 403 {
		t.Errorf("token_invalid has status %d", got)
	}
	if got := m.Shape.Status(fault.New(fault.PolicyDenied)); got != fault.PolicyDenied.Status() {
		t.Errorf("policy_denied has status %d", got)
	}
	small := abi.Manifest{Name: "a", Version: "1", Upstreams: good().Upstreams[:1], TokenSlots: good().TokenSlots}
	if m, err := parse(small); err != nil || m.Shape != fault.DefaultShape || m.MainField() != nil {
		t.Errorf("as little as may be: %v", err)
	}
	small.Fields = []abi.Field{{Name: "only", Use: abi.UsePublic}}
	if m, err := parse(small); err != nil || m.MainField().Name != "only" {
		t.Errorf("an only field is the main one: %v", err)
	}
}

// One change each, and the sentence that it gets.
var badManifests = []struct {
	name   string
	change func(*abi.Manifest)
	want   string
}{
	{"no name", func(m *abi.Manifest) { m.Name = "" }, `name "": must match`},
	{"capital name", func(m *abi.Manifest) { m.Name = "Example" }, `name "Example": must match`},
	{"long name", func(m *abi.Manifest) { m.Name = strings.Repeat("a", 33) }, `must match`},
	{"name with a line break", func(m *abi.Manifest) { m.Name = "example\n" }, `name "example\n": must match`},
	{"no version", func(m *abi.Manifest) { m.Version = "" }, `version "": must match`},
	{"version of words", func(m *abi.Manifest) { m.Version = "1 beta" }, `version "1 beta": must match`},
	{"title with an escape sequence", func(m *abi.Manifest) { m.Title = "x\x1b[2J" }, "title: must be one line"},
	{"title that turns around", func(m *abi.Manifest) { m.Title = "x\u202etxt" }, "title: must be one line"},
	{"title of two lines", func(m *abi.Manifest) { m.Title = "x\ny" }, "title: must be one line"},
	{"title that is a book", func(m *abi.Manifest) { m.Title = strings.Repeat("x", 257) }, "title: must be one line"},

	{"parameter in capitals", parameters(abi.ParameterNeed{Name: "Region"}), `parameter "Region": must match`},
	{"parameter twice", parameters(abi.ParameterNeed{Name: "a"}, abi.ParameterNeed{Name: "a"}), `parameter "a": must match ^[a-z][a-z0-9_]{0,31}$, and stand once`},
	{"parameter with a help of two lines", parameters(abi.ParameterNeed{Name: "a", Help: "x\ny"}), "parameter a: its help"},
	{"upstream without a name", func(m *abi.Manifest) { m.Upstreams[1].Name = "" }, `upstream name "": must match`},
	{"upstream twice", func(m *abi.Manifest) { m.Upstreams[1].Name = "main" }, `upstream name "main": must match ^[a-z][a-z0-9-]{0,31}$, and stand once`},
	{"plain http", upstream("http://api.example.com"), "must be https://"},
	{"no scheme", upstream("api.example.com"), "must be https://"},
	{"scheme in capitals", upstream("HTTPS://api.example.com"), "must be https://"},
	{"no host", upstream("https:///v1"), "must be an exact host name"},
	{"only a port", upstream("https://:443"), "must be an exact host name"},
	{"an empty port", upstream("https://api.example.com:"), "must be an exact host name"},
	{"port zero", upstream("https://api.example.com:0"), "must be an exact host name"},
	{"user", upstream("https://u:p@api.example.com"), "must be https://"},
	{"query", upstream("https://api.example.com/?a"), "must be https://"},
	{"empty query", upstream("https://api.example.com?"), "must be https://"},
	{"fragment", upstream("https://api.example.com/v#x"), "must be https://"},
	{"empty fragment", upstream("https://api.example.com#"), "must be https://"},
	{"wildcard", upstream("https://*.example.com"), "must be an exact host name"},
	{"capitals", upstream("https://API.example.com"), "must be an exact host name"},
	{"another alphabet", upstream("https://аpi.example.com"), "must be an exact host name"},
	{"empty label", upstream("https://api..example.com"), "must be an exact host name"},
	{"no URL", upstream("https://a b"), "not a URL"},
	{"base with a slash at its end", upstream("https://api.example.com/v1/"), "must look like /base"},
	{"base with dots", upstream("https://api.example.com/v1/../v2"), "must look like /base"},
	{"base with a dot", upstream("https://api.example.com/."), "must look like /base"},
	{"base with an escape", upstream("https://api.example.com/%2e%2e"), "must be https://"},
	{"base with a brace", upstream("https://api.example.com/{x}"), "must look like /base"},

	{"prefix without a slash", func(m *abi.Manifest) { m.VersionPrefixes[0] = "v1" }, `version prefix "v1"`},
	{"prefix of a slash", func(m *abi.Manifest) { m.VersionPrefixes[0] = "/" }, `version prefix "/"`},
	{"prefix with dots", func(m *abi.Manifest) { m.VersionPrefixes[0] = "/v1/.." }, `version prefix "/v1/.."`},
	{"prefix with a dot", func(m *abi.Manifest) { m.VersionPrefixes[0] = "/./v1" }, `version prefix "/./v1"`},
	{"prefix with a query", func(m *abi.Manifest) { m.VersionPrefixes[0] = "/v1?x" }, `version prefix`},

	{"field name", func(m *abi.Manifest) { m.Fields[0].Name = "api-key" }, `field "api-key": must match`},
	{"field twice", func(m *abi.Manifest) { m.Fields[1].Name = "api_key" }, `field "api_key": must match ^[a-z][a-z0-9_]{0,31}$, and stand once`},
	{"field without a use", func(m *abi.Manifest) { m.Fields[0].Use = 0 }, "field api_key: use 0 is none of public, reveal, sign"},
	{"field with a use of later", func(m *abi.Manifest) { m.Fields[0].Use = 4 }, "field api_key: use 4 is none"},
	{"reveal without a sink", func(m *abi.Manifest) { m.Fields[0].Sinks = nil }, "field api_key: a field to reveal needs at least one sink"},
	{"sign without a shape", func(m *abi.Manifest) { m.Fields[1].SignShapes = nil }, "field secret: a field to sign with needs at least one signature shape"},
	{"two main fields", func(m *abi.Manifest) { m.Fields[2].Main = true }, "fields: 2 are marked as main"},
	{"help with a line break", func(m *abi.Manifest) { m.Fields[0].Help = "a\nb" }, "field api_key: its help"},
	{"prefix with a control byte", func(m *abi.Manifest) { m.Fields[0].Prefix = "\a" }, "field api_key: its help and prefix"},
	{"form sink", sink(abi.SinkForm, ""), "field api_key: sink \"\" must be"},
	{"another sink kind", sink(abi.SinkJSON+1, "x"), "field api_key: sink kind 5 is not one"},
	{"no sink kind", sink(0, "x"), "field api_key: sink kind 0 is not one"},
	{"sink in capitals", sink(abi.SinkHeader, "Authorization"), "must be a header name in lower case"},
	{"sink without a name", sink(abi.SinkHeader, ""), "a header name has 1 to 128 bytes"},
	{"sink that frames", sink(abi.SinkHeader, "content-length"), "the host sets it itself"},
	{"sink of the host's", sink(abi.SinkHeader, "x-seks-key"), "reserved for the host"},
	{"query sink without a name", sink(abi.SinkQuery, ""), "or the name of a parameter or field"},
	{"query sink with an escape sequence", sink(abi.SinkQuery, "key\x1b[8m"), "or the name of a parameter or field"},

	{"no slot", func(m *abi.Manifest) { m.TokenSlots = nil }, "token slots: at least one"},
	{"slot in capitals", slot(abi.Slot{Kind: abi.SlotHeader, Name: "X-Key"}), `token slot "X-Key": must be a header name in lower case`},
	{"slot without a name", slot(abi.Slot{Kind: abi.SlotQuery}), `token slot "": must be the name of a query parameter`},
	{"slot with a line break", slot(abi.Slot{Kind: abi.SlotQuery, Name: "a\nb"}), `must be the name of a query parameter`},
	{"slot of two words", slot(abi.Slot{Kind: abi.SlotHeader, Name: "authorization", Scheme: "Bearer Token"}), "must be one word"},
	{"slot of later", slot(abi.Slot{Kind: 5}), "token slot kind 5 is not one that this version knows"},
	{"slot of AWS with a name", slot(abi.Slot{Kind: abi.SlotAWSSig4, Name: "x"}), "it has no name and no scheme"},
	{"slot without a kind", slot(abi.Slot{Name: "x"}), "token slot kind 0 is not one"},

	{"header need in capitals", func(m *abi.Manifest) { m.Headers = []string{"X-Date"} }, `header need "X-Date": must be a header name in lower case`},
	{"body need, no path", func(m *abi.Manifest) { m.Bodies = []abi.BodyNeed{{}} }, `body need "" "": needs a method in upper case`},
	{"body need, method", func(m *abi.Manifest) { m.Bodies = []abi.BodyNeed{{Method: "post", Path: "/"}} }, `body need "post" "/": needs a method in upper case`},
	{"body need, twice", func(m *abi.Manifest) { m.Bodies = []abi.BodyNeed{{Path: "/a"}, {Path: "/a"}} }, `body need "" "/a": the same method and path`},
	{"body need, pattern", func(m *abi.Manifest) { m.Bodies = []abi.BodyNeed{{Path: "/a*"}} }, `body need "" "/a*": segment "a*"`},

	{"error shape without a body", func(m *abi.Manifest) { m.ErrorShape.Body = "" }, "error shape: needs a content type and a body"},
	{"error shape without a type", func(m *abi.Manifest) { m.ErrorShape.ContentType = "" }, "error shape: needs a content type and a body"},
	{"error shape that splits", func(m *abi.Manifest) { m.ErrorShape.ContentType = "a\r\nx: y" }, "error shape: needs a content type"},
	{"error shape that is long", func(m *abi.Manifest) { m.ErrorShape.Body = strings.Repeat("x", 4097) }, "up to 4096 bytes"},
	{"status that is none", func(m *abi.Manifest) { m.ErrorShape.Statuses[0].Status = 200 }, `status 200 for "token_invalid": must be 400 to 599`},
	{"status twice", func(m *abi.Manifest) {
		m.ErrorShape.Statuses = append(m.ErrorShape.Statuses, abi.CodeStatus{Code: "token_invalid", Status: 400})
	}, `stands there twice with the word ""`},
	{"word twice", func(m *abi.Manifest) {
		m.ErrorShape.Statuses = append(m.ErrorShape.Statuses, abi.CodeStatus{Code: "token_invalid", Word: "W"}, abi.CodeStatus{Code: "token_invalid", Word: "W"})
	}, `stands there twice with the word "W"`},
	{"status beyond", func(m *abi.Manifest) { m.ErrorShape.Statuses[0].Status = 600 }, `must be 400 to 599`},
	{"status of no code", func(m *abi.Manifest) { m.ErrorShape.Statuses[0].Code = "teapot" }, `for "teapot": must be 400 to 599 for one of the broker's codes`},

	{"operation without a name", operation(abi.Operation{Class: 1, Method: "GET", Path: "/"}), `operation "" (GET /): the name must match`},
	{"operation without a class", operation(abi.Operation{Name: "x", Method: "GET", Path: "/"}), "class 0 is none of read, write, grant"},
	{"operation with a class of later", operation(abi.Operation{Name: "x", Class: 4, Method: "GET", Path: "/"}), "class 4 is none"},
	{"operation in lower case", operation(abi.Operation{Name: "x", Class: 1, Method: "get", Path: "/"}), "needs a method in upper case"},
	{"operation without a slash", operation(abi.Operation{Name: "x", Class: 1, Method: "GET", Path: "v1"}), "a path that begins with /"},
	{"rest that isn't last", operation(abi.Operation{Name: "x", Class: 1, Method: "GET", Path: "/{a...}/b"}), "{a...} must be the last segment"},
	{"part of a segment", operation(abi.Operation{Name: "x", Class: 1, Method: "GET", Path: "/a{b}"}), "{name} must be a whole segment"},
	{"star", operation(abi.Operation{Name: "x", Class: 1, Method: "GET", Path: "/a*"}), "{name} must be a whole segment"},
	{"operation twice", operation(abi.Operation{Name: "x", Class: 1, Method: "GET", Path: "/v1/models"}), `the same method and path as "models.list"`},
}

func parameters(needs ...abi.ParameterNeed) func(*abi.Manifest) {
	return func(m *abi.Manifest) { m.Parameters = needs }
}

func upstream(url string) func(*abi.Manifest) {
	return func(m *abi.Manifest) { m.Upstreams[0].URL = url }
}

func sink(kind abi.SinkKind, name string) func(*abi.Manifest) {
	return func(m *abi.Manifest) { m.Fields[0].Sinks[0] = abi.Sink{Kind: kind, Name: name} }
}

func slot(s abi.Slot) func(*abi.Manifest) {
	return func(m *abi.Manifest) { m.TokenSlots[0] = s }
}

func operation(o abi.Operation) func(*abi.Manifest) {
	return func(m *abi.Manifest) { m.Operations = append(m.Operations, o) }
}

func TestEachFaultHasItsSentence(t *testing.T) {
	for _, tt := range badManifests {
		bad := good()
		tt.change(&bad)
		m, err := parse(bad)
		if m != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
			continue
		}
		if strings.ContainsFunc(strings.ReplaceAll(err.Error(), "\n", ""), func(r rune) bool { return r < ' ' || r == 0x202e }) {
			t.Errorf("%s: the sentence passes on what it complains of: %q", tt.name, err)
		}
		if strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: one change makes several faults:\n%v", tt.name, err)
		}
	}
}

func TestShowsBody(t *testing.T) {
	m := good()
	m.Bodies = []abi.BodyNeed{{Method: "POST", Path: "/graphql"}, {Path: "/v1/{id}/run"}, {Method: "PUT", Path: "/files/{rest...}"}}
	p, err := parse(m)
	if err != nil {
		t.Fatal(err)
	}
	for request, want := range map[string]bool{
		"POST /graphql": true, "GET /graphql": false, "POST /graphql/": false, "GET /v1/7/run": true, "POST /v1/7/run": true, "POST /v1/7/8/run": false,
		"PUT /files/a/b": true, "PUT /files": false, "POST /%67raphql": true, "POST //graphql": true, "POST /v1/a%2Frun": true, "POST /graphql;x": true,
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := p.ShowsBody(method, path); got != want {
			t.Errorf("%s: %v", request, got)
		}
	}
	if none, _ := parse(good()); none.ShowsBody("POST", "/graphql") {
		t.Error("a manifest without needs shows a body")
	}
}

// Who mends a manifest wants to hear of everything, not of one fault a try.
func TestAllFaultsAtOnce(t *testing.T) {
	bad := good()
	bad.Name, bad.Version, bad.TokenSlots, bad.Headers = "", "", nil, []string{"X"}
	bad.Upstreams[0].URL = "http://x"
	bad.Fields[0].Sinks, bad.Fields[1].Use = nil, 9
	bad.Operations[0].Class = 0
	_, err := parse(bad)
	for _, want := range []string{"name", "version", "upstream main", "field api_key", "field secret", "token slots", "header need", `operation "models.list"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing about %s in: %v", want, err)
		}
	}
}

func TestManifestThatCannotBeRead(t *testing.T) {
	if _, err := ParseManifest(make([]byte, abi.MaxManifest+1), ""); err == nil || !strings.Contains(err.Error(), "at most 262144") {
		t.Errorf("too long: %v", err)
	}
	for _, b := range [][]byte{{0x0a}, {0x0a, 0x05, 'x'}, {0x0b}, {0x0a, 0x01, 'x', 0x0a, 0x01, 'y'}, {0x0a, 0x01, 0xff}} {
		if _, err := ParseManifest(b, ""); err == nil || !strings.Contains(err.Error(), "can't be read") {
			t.Errorf("% x: %v", b, err)
		}
	}
}

// What is read stays as it was read, whatever becomes of the guest's memory.
func TestParsedIsACopy(t *testing.T) {
	src := good()
	raw := src.Marshal()
	m, err := ParseManifest(raw, "d")
	if err != nil {
		t.Fatal(err)
	}
	rawPlan := (&abi.Plan{Edits: []abi.Edit{{Kind: abi.SetHeader, Name: "x-a", Value: []byte{1, 1, 'v'}}}, Upstream: "uploads"}).Marshal()
	p, err := Parse(rawPlan, m)
	if err != nil {
		t.Fatal(err)
	}
	rawScrub := (&abi.ScrubPlan{Drop: []string{"x-b"}}).Marshal()
	s, err := ParseScrub(rawScrub)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{raw, rawPlan, rawScrub} {
		for i := range b {
			b[i] = '#'
		}
	}
	again, _ := json.Marshal(m.Manifest)
	want, _ := json.Marshal(src)
	if string(again) != string(want) {
		t.Errorf("the manifest changed with the bytes that it was read from:\n%s\n%s", again, want)
	}
	if p.Edits[0].Name != "x-a" || string(p.Edits[0].Value) != "\x01\x01v" || p.Upstream != "uploads" || s.Drop[0] != "x-b" {
		t.Errorf("%+v %+v", p.Plan, s)
	}
}
