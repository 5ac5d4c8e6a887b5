package request

import (
	"slices"
	"strings"
	"testing"
)

func TestHeadersRefused(t *testing.T) {
	cases := map[string][]Header{
		"X-HTTP-Method-Override":   {{"x-http-method-override", "DELETE"}},
		"X-HTTP-Method":            {{"X-HTTP-Method", "DELETE"}},
		"X-Method-Override":        {{"X-Method-Override", "DELETE"}},
		"with underscores":         {{"X_HTTP_Method_Override", "DELETE"}},
		"X-Original-URL":           {{"X-Original-URL", "/admin"}},
		"X-Rewrite-URL":            {{"X-Rewrite-URL", "/admin"}},
		"X-Original-Host":          {{"X-Original-Host", "evil.example"}},
		"X-HTTP-Host-Override":     {{"X-HTTP-Host-Override", "evil.example"}},
		"empty name":               {{"", "x"}},
		"space before the colon":   {{"Host ", "x"}},
		"folded name":              {{" x", "y"}},
		"name with a colon":        {{"a:b", "y"}},
		"name not ASCII":           {{"x\u2010api\u2010key", "y"}},
		"CR":                       {{"x", "a\rb"}},
		"LF, a folded line":        {{"x", "a\n b"}},
		"NUL":                      {{"x", "a\x00"}},
		"escape":                   {{"x", "\x1b[2J"}},
		"two Hosts":                {{"Host", host}, {"host", host}},
		"another Host":             {{"Host", "evil.example"}},
		"two lengths":              {{"Content-Length", "3"}, {"content-length", "3"}},
		"length list":              {{"Content-Length", "3, 3"}},
		"length signed":            {{"Content-Length", "+3"}},
		"length empty":             {{"Content-Length", ""}},
		"length and coding":        {{"Content-Length", "3"}, {"Transfer-Encoding", "chunked"}},
		"disguised length":         {{"Content_Length", "3"}, {"Transfer-Encoding", "chunked"}},
		"coding":                   {{"Transfer-Encoding", "gzip, chunked"}},
		"coding with vertical tab": {{"Transfer-Encoding", "\x0bchunked"}},
		"two codings":              {{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
		"twins":                    {{"x-api-key", "a"}, {"x_api_key", "b"}},
		"twins apart":              {{"X_Api-Key", "a"}, {"accept", "b"}, {"x-api_key", "a"}},
	}
	for name, headers := range cases {
		raw := get("/")
		raw.Headers = headers
		if _, err := Parse(raw); err == nil {
			t.Errorf("%s passed", name)
		}
	}
}

func TestHeadersPass(t *testing.T) {
	for name, headers := range map[string][]Header{
		"tab, Latin-1, UTF-8":           {{"x", "a\tb \xe9 ü"}},
		"empty":                         {{"Accept", ""}},
		"repeats":                       {{"x-key", "a"}, {"X-Key", "b"}, {"x_other", "c"}, {"X_Other", "d"}},
		"odd token":                     {{"!#$%&'*+-.^_`|~1", "x"}},
		"chunked":                       {{"transfer-encoding", "Chunked"}},
		"length":                        {{"content-length", "0"}, {"host", host}},
		"forwarded":                     {{"X-Forwarded-Host", "evil.example"}, {"Via", "1.1 x"}},
		"name like an override, longer": {{"X-Original-URL-And-Then-Some-More-Of-It", "x"}, {"x-original-urls", "y"}},
	} {
		raw := get("/")
		raw.Headers = headers
		if _, err := Parse(raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStripped(t *testing.T) {
	in := []Header{
		{"Host", host}, {"authorization", "Bearer x"}, {"Connection", "keep-alive, X-Private , te"}, {"x-private", "1"}, {"X_Private", "1"},
		{"Keep-Alive", "1"}, {"Proxy-Authorization", "x"}, {"proxy-connection", "x"}, {"TE", "trailers"}, {"Trailer", "x"},
		{"Upgrade", "h2c"}, {"Transfer-Encoding", "chunked"}, {"Content-Length", "1"}, {"Expect", "100-continue"},
		{"X-Forwarded-For", "1"}, {"X-Forwarded-Anything-At-All-And-More-Of-It", "1"}, {"Forwarded", "for=x"}, {"Via", "1"}, {"X-Real-IP", "1"},
		{"x_forwarded_for", "1"}, {"Content_Length", "9"},
		{"B", "1"}, {"a", "2"}, {"b", "3"}, {"B", "1"}, {"X-Forwarded", "kept"}, {"Content-Type", "text/plain"},
	}
	before := slices.Clone(in)
	got := Stripped(in)
	want := []Header{{"authorization", "Bearer x"}, {"B", "1"}, {"a", "2"}, {"b", "3"}, {"B", "1"}, {"X-Forwarded", "kept"}, {"Content-Type", "text/plain"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if !slices.Equal(in, before) {
		t.Error("the input was changed")
	}
}

func TestHopByHop(t *testing.T) {
	for name, want := range map[string]bool{
		"CONNECTION": true, "host": true, "Proxy-X": true, "X-FORWARDED-PROTO": true, "transfer_encoding": true,
		"Authorization": false, "": false, "X-Http-Method-Override": false, strings.Repeat("connection", 9): false,
	} {
		if HopByHop(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

// The buffer in kindOf must hold every name that is looked up in it.
func TestKindsFitTheBuffer(t *testing.T) {
	for name := range kinds {
		if len(name) >= 32 || kindOf(strings.ToUpper(name)) != kinds[name] {
			t.Errorf("%s isn't found", name)
		}
	}
}

func TestTrailers(t *testing.T) {
	list := []Header{
		{"X-Checksum", "1"}, {"Host", "evil.example"}, {"Content-Length", "9"}, {"Transfer-Encoding", "chunked"}, {"X-HTTP-Method-Override", "DELETE"},
		{"X_Original_URL", "/"}, {"X-Forwarded-For", "::1"}, {"", "x"}, {"a b", "x"}, {"X", "a\rb"}, {"x-checksum", "2"},
	}
	if got := Trailers(list); !slices.Equal(got, []Header{{"X-Checksum", "1"}, {"x-checksum", "2"}}) {
		t.Errorf("%v", got)
	}
}
