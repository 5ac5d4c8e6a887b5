package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// The external contract, once more and by hand.
var contract = map[Code]int{
	"token_missing": 401, "token_invalid": 401, "token_expired": 401, "token_revoked": 401,
	"policy_denied": 403, "signature_invalid": 403, "signature_expired": 403,
	"provider_unknown": 404, "body_too_large": 413, "range_not_satisfiable": 416, "rate_limited": 429, "bad_request": 400,
	"plugin_failed": 502, "upstream_unreachable": 502, "upstream_protocol": 502,
	"credential_unavailable": 503, "audit_unavailable": 503, "overloaded": 503,
	"upstream_timeout": 504,
}

func TestTableIsTheContract(t *testing.T) {
	if len(Codes()) != len(contract) {
		t.Errorf("%d codes, the contract has %d", len(Codes()), len(contract))
	}
	for code, status := range contract {
		if code.Status() != status {
			t.Errorf("%s is %d, want %d", code, code.Status(), status)
		}
		if New(code).Message == "" {
			t.Errorf("%s has no sentence", code)
		}
	}
}

func TestCauseStaysInside(t *testing.T) {
	f := New(UpstreamUnreachable).Because(errors.New("dial tcp 10.0.0.7:443"))
	body := string(DefaultShape.Render(f, "req_1"))
	if strings.Contains(body, "10.0.0.7") {
		t.Errorf("the cause reached the answer: %s", body)
	}
	if got := From(fmt.Errorf("stage: %w", f)); got != f {
		t.Errorf("From lost the fault: %v", got)
	}
	if got := From(errors.New("disk on fire")); got.Code != Overloaded || strings.Contains(got.Message, "fire") {
		t.Errorf("an unforeseen error became %v", got)
	}
}

func TestRenderEscapes(t *testing.T) {
	f := Newf(BadRequest, "a \"quoted\" <tag> \\ \n line")
	var v struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal(DefaultShape.Render(f, "r"), &v); err != nil || v.Error.Message != f.Message {
		t.Errorf("JSON: %v %q", err, v.Error.Message)
	}
	x := &Shape{ContentType: "application/xml", Body: "<m>{{message}}</m>", Statuses: map[Code]int{BadRequest: 418}}
	if got := string(x.Render(f, "r")); strings.Contains(got, "<tag>") {
		t.Errorf("XML not escaped: %s", got)
	}
	x.Body, x.Words = "<c>{{word}}</c>", map[Code]string{BadRequest: "Bad&Request"}
	if got := string(x.Render(f, "r")) + string(x.Render(New(RateLimited), "r")); got != "<c>Bad&amp;Request</c><c>rate_limited</c>" {
		t.Errorf("the API's own word: %s", got)
	}
	x.Own = map[CodeWord]int{{BadRequest, "Worse&Request"}: 419}
	own := &Fault{Code: BadRequest, Word: "Worse&Request"}
	if got := string(x.Render(own, "r")); got != "<c>Worse&amp;Request</c>" || x.Status(own) != 419 {
		t.Errorf("the fault's own word: %s %d", got, x.Status(own))
	}
	if x.Status(&Fault{Code: BadRequest, Word: "no row"}) != 418 {
		t.Error("a word without a row has not the code's status")
	}
	if x.Status(f) != 418 || x.Status(New(RateLimited)) != 429 {
		t.Error("a shape's own statuses are not used")
	}
}
