package upstream

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
)

// ask sends a request as Anthropic's clients do.
func ask(t *testing.T, method, url, contentType string, body io.Reader) *http.Response {
	t.Helper()
	r, err := http.NewRequest(method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Anthropic-Version", "2023-06-01")
	r.Header.Set("X-Api-Key", key)
	r.Header.Set("Content-Type", contentType)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// asked is ask for JSON both ways.
func asked[T any](t *testing.T, method, url, body string, status int) (v T) {
	t.Helper()
	answer := ask(t, method, url, "application/json", strings.NewReader(body))
	b := bodyOf(t, answer)
	if err := json.Unmarshal([]byte(b), &v); err != nil || answer.StatusCode != status {
		t.Errorf("%s %s: %d %v %s", method, url, answer.StatusCode, err, b)
	}
	return v
}

type anthropicError struct {
	Type      string
	Error     struct{ Type, Message string }
	RequestID string `json:"request_id"`
}

func TestMessages(t *testing.T) {
	_, url := start(t, Options{})
	got := asked[struct {
		Type, Model, Role string
		Content           []struct{ Text string }
		Usage             struct {
			Out int `json:"output_tokens"`
		}
	}](t, "POST", url+"/v1/messages", `{"model":"m","max_tokens":9,"messages":[]}`, 200)
	if got.Type != "message" || got.Model != "m" || got.Role != "assistant" || len(got.Content) != 1 || got.Content[0].Text != reply || got.Usage.Out != completionTokens {
		t.Errorf("%+v", got)
	}
	count := asked[struct {
		In int `json:"input_tokens"`
	}](t, "POST", url+"/v1/messages/count_tokens", `{"model":"m","messages":[{},{}]}`, 200)
	if count.In != 2*promptTokens {
		t.Errorf("%+v", count)
	}
}

// The gate proves that an event is here before the next one was sent.
func TestStreamedMessageWaitsAtTheGate(t *testing.T) {
	gate := make(chan struct{})
	s, url := start(t, Options{Gate: gate})
	in := bufio.NewScanner(ask(t, "POST", url+"/v1/messages", "application/json", strings.NewReader(`{"model":"m","stream":true}`)).Body)
	var text strings.Builder
	var names []string
	for in.Scan() {
		if name, ok := strings.CutPrefix(in.Text(), "event: "); ok {
			names = append(names, name)
		}
		data, ok := strings.CutPrefix(in.Text(), "data: ")
		if !ok {
			continue
		}
		if s.Events() > len(names) {
			t.Errorf("event %d of %d sent is read", len(names), s.Events())
		}
		var event struct {
			Type  string
			Delta struct{ Text string }
		}
		if err := json.Unmarshal([]byte(data), &event); err != nil || len(names) == 0 || event.Type != names[len(names)-1] {
			t.Fatalf("%v %s", err, data)
		}
		text.WriteString(event.Delta.Text)
		if event.Type == "message_stop" {
			break
		}
		gate <- struct{}{}
	}
	all := strings.Join(names, " ")
	if text.String() != reply || !strings.HasPrefix(all, "message_start content_block_start ping content_block_delta ") ||
		!strings.HasSuffix(all, " content_block_delta content_block_stop message_delta message_stop") {
		t.Errorf("%q in %s", text.String(), all)
	}
}

func TestAnthropicErrors(t *testing.T) {
	_, url := start(t, Options{})
	for status, want := range map[int]string{400: "invalid_request_error", 403: "permission_error", 418: "api_error", 429: "rate_limit_error", 500: "api_error", 529: "overloaded_error"} {
		for _, path := range []string{"/v1/messages", "/v1/messages/count_tokens", "/v1/messages/batches", fmt.Sprint("/v1/error/", status)} {
			answer := ask(t, "POST", url+path, "application/json", strings.NewReader(fmt.Sprintf(`{"model":"error-%d"}`, status)))
			var e anthropicError
			if err := json.Unmarshal([]byte(bodyOf(t, answer)), &e); err != nil || answer.StatusCode != status || e.Type != "error" || e.Error.Type != want ||
				e.Error.Message == "" || e.RequestID == "" || e.RequestID != answer.Header.Get("Request-Id") || (answer.Header.Get("Retry-After") == "2") != (status == 429) {
				t.Errorf("%s: %d %v %+v %v", path, answer.StatusCode, err, e, answer.Header)
			}
		}
	}
	for _, path := range []string{"/v1/nothing", "/v1/chat/completions", "/v1/models/none", "/v1/messages/batches/none", "/v1/messages/batches/msgbatch--1-1", "/v1/files/none"} {
		if e := asked[anthropicError](t, "GET", url+path, "", 404); e.Error.Type != "not_found_error" {
			t.Errorf("%s: %+v", path, e)
		}
	}
}

func TestAnthropicKeyIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		header, value string
		echo          bool
		says          string
	}{
		"x-api-key": {"X-Api-Key", key, false, ""},
		"bearer":    {"Authorization", "Bearer " + key, false, ""},
		"missing":   {"X-Other", key, false, "x-api-key header is required"},
		"wrong":     {"X-Api-Key", "wrong", false, "invalid x-api-key"},
		"repeated":  {"X-Api-Key", "wrong", true, "invalid x-api-key: wrong"},
	} {
		_, url := start(t, Options{EchoKey: c.echo})
		r, _ := http.NewRequest("GET", url+"/v1/models", nil)
		r.Header.Set("Anthropic-Version", "2023-06-01")
		r.Header.Set(c.header, c.value)
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		var e anthropicError
		_ = json.Unmarshal([]byte(bodyOf(t, answer)), &e)
		if e.Error.Message != c.says || c.says != "" && (answer.StatusCode != 401 || e.Error.Type != "authentication_error") {
			t.Errorf("%s: %d %+v", name, answer.StatusCode, e)
		}
		_ = answer.Body.Close()
	}
}

// The shape is chosen by the header, so both APIs live behind one address.
func TestModelsOfBothAPIs(t *testing.T) {
	_, url := start(t, Options{Models: 2})
	type model struct {
		ID, Type string
		Name     string `json:"display_name"`
	}
	list := asked[struct {
		Data []model
		Last string `json:"last_id"`
	}](t, "GET", url+"/v1/models", "", 200)
	one := asked[model](t, "GET", url+"/v1/models/double-2", "", 200)
	if len(list.Data) != 2 || list.Data[1] != one || list.Last != one.ID || one.Type != "model" || one.Name != "Double 2" {
		t.Errorf("%+v %+v", list, one)
	}
	if list := call[struct{ Object string }](t, "GET", url+"/v1/models", "", 200); list.Object != "list" {
		t.Errorf("OpenAI's list is %+v", list)
	}
}

func TestBatches(t *testing.T) {
	_, url := start(t, Options{})
	type batch struct {
		ID, Type string
		Status   string `json:"processing_status"`
		Results  string `json:"results_url"`
		Counts   struct{ Processing, Succeeded int }
	}
	made := asked[batch](t, "POST", url+"/v1/messages/batches", `{"requests":[{},{},{}]}`, 200)
	done := asked[batch](t, "GET", url+"/v1/messages/batches/"+made.ID, "", 200)
	if made.Type != "message_batch" || made.Status != "in_progress" || done.Status != "ended" || !strings.HasSuffix(done.Results, "/v1/messages/batches/"+made.ID+"/results") {
		t.Errorf("%+v, %+v", made, done)
	}
	lines := bodyOf(t, ask(t, "GET", url+"/v1/messages/batches/"+made.ID+"/results", "", nil))
	if strings.Count(lines, "\n") != 3 || !strings.Contains(lines, `"custom_id":"request-3"`) || !strings.Contains(lines, reply) {
		t.Errorf("%s", lines)
	}
}

func TestAnthropicFiles(t *testing.T) {
	_, url := start(t, Options{})
	var form strings.Builder
	w := multipart.NewWriter(&form)
	part, _ := w.CreateFormFile("file", "a.txt")
	_, _ = part.Write([]byte("content"))
	_ = w.Close()
	answer := ask(t, "POST", url+"/v1/files", w.FormDataContentType(), strings.NewReader(form.String()))
	var f struct {
		ID, Type, Filename string
		Size               int `json:"size_bytes"`
	}
	if err := json.Unmarshal([]byte(bodyOf(t, answer)), &f); err != nil || f.Type != "file" || f.Filename != "a.txt" || f.Size != 7 {
		t.Fatalf("%v %+v", err, f)
	}
	if same := asked[struct{ ID string }](t, "GET", url+"/v1/files/"+f.ID, "", 200); same.ID != f.ID {
		t.Errorf("%+v", same)
	}
	if gone := asked[struct{ Type string }](t, "DELETE", url+"/v1/files/"+f.ID, "", 200); gone.Type != "file_deleted" {
		t.Errorf("%+v", gone)
	}
	asked[anthropicError](t, "GET", url+"/v1/files/"+f.ID, "", 404)
}
