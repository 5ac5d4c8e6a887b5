package upstream

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
)

func TestChat(t *testing.T) {
	_, url := start(t, Options{})
	got := call[struct {
		Object, Model string
		Choices       []struct {
			Message struct{ Role, Content string }
		}
		Usage struct {
			Total int `json:"total_tokens"`
		}
	}](t, "POST", url+"/v1/chat/completions", `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, 200)
	if got.Object != "chat.completion" || got.Model != "m" || len(got.Choices) != 1 || got.Choices[0].Message.Content != reply || got.Usage.Total != 15 {
		t.Errorf("%+v", got)
	}
}

// The gate proves that an event is here before the next one was sent.
func TestStreamedChatWaitsAtTheGate(t *testing.T) {
	gate := make(chan struct{})
	s, url := start(t, Options{Gate: gate})
	answer := do(t, "POST", url+"/v1/chat/completions", `{"model":"m","stream":true,"stream_options":{"include_usage":true}}`)
	in := bufio.NewScanner(answer.Body)
	var text strings.Builder
	usage, events := 0, 0
	for in.Scan() {
		data, ok := strings.CutPrefix(in.Text(), "data: ")
		if !ok {
			continue
		}
		if events++; s.Events() > events {
			t.Errorf("event %d of %d sent is read", events, s.Events())
		}
		if data == "[DONE]" {
			break
		}
		var chunk struct {
			Object  string
			Choices []struct{ Delta struct{ Content string } }
			Usage   struct {
				Total int `json:"total_tokens"`
			}
		}
		if err := json.Unmarshal([]byte(data), &chunk); err != nil || chunk.Object != "chat.completion.chunk" {
			t.Fatalf("%v %s", err, data)
		}
		for _, c := range chunk.Choices {
			text.WriteString(c.Delta.Content)
		}
		usage += chunk.Usage.Total
		gate <- struct{}{}
	}
	if text.String() != reply || usage != 15 || events != 9 || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		t.Errorf("%q, usage %d, %d events, %v", text.String(), usage, events, answer.Header)
	}
}

func TestEmbeddings(t *testing.T) {
	_, url := start(t, Options{})
	type list struct {
		Data []struct {
			Index     int
			Embedding []float32
		}
	}
	got := call[list](t, "POST", url+"/v1/embeddings", `{"model":"m","input":["a","b","a"]}`, 200)
	if len(got.Data) != 3 || got.Data[2].Index != 2 || len(got.Data[0].Embedding) != 8 ||
		fmt.Sprint(got.Data[0].Embedding) != fmt.Sprint(got.Data[2].Embedding) || fmt.Sprint(got.Data[0].Embedding) == fmt.Sprint(got.Data[1].Embedding) {
		t.Errorf("%+v", got)
	}
	coded := call[struct{ Data []struct{ Embedding string } }](t, "POST", url+"/v1/embeddings", `{"model":"m","input":"a","encoding_format":"base64","dimensions":3}`, 200)
	if b, err := base64.StdEncoding.DecodeString(coded.Data[0].Embedding); err != nil || len(b) != 12 {
		t.Errorf("%v %v", b, err)
	}
	for _, body := range []string{`{"model":"m"}`, `{"input":"a","dimensions":0}`, `{"input":"a","dimensions":9999}`} {
		call[apiError](t, "POST", url+"/v1/embeddings", body, 400)
	}
}

func TestModelsAndResponses(t *testing.T) {
	_, url := start(t, Options{Models: 5})
	list := call[struct{ Data []struct{ ID string } }](t, "GET", url+"/v1/models", "", 200)
	one := call[struct{ ID string }](t, "GET", url+"/v1/models/double-5", "", 200)
	if len(list.Data) != 5 || list.Data[4] != one {
		t.Errorf("%+v %+v", list, one)
	}
	r := call[struct {
		Status string
		Output []struct{ Content []struct{ Text string } }
	}](t, "POST", url+"/v1/responses", `{"model":"m","input":"hi"}`, 200)
	if r.Status != "completed" || r.Output[0].Content[0].Text != reply {
		t.Errorf("%+v", r)
	}
}

type fileList struct {
	Data []file
	More bool   `json:"has_more"`
	Last string `json:"last_id"`
}

func TestFilesArePaged(t *testing.T) {
	_, url := start(t, Options{Files: 7})
	var sizes []int
	seen := map[string]bool{}
	for after, more := "", true; more; {
		page := call[fileList](t, "GET", url+"/v1/files?limit=3&after="+after, "", 200)
		for _, f := range page.Data {
			seen[f.ID] = true
		}
		sizes = append(sizes, len(page.Data))
		after, more = page.Last, page.More
	}
	if fmt.Sprint(sizes) != "[3 3 1]" || len(seen) != 7 {
		t.Errorf("pages of %v, %d files", sizes, len(seen))
	}
	if all := call[fileList](t, "GET", url+"/v1/files", "", 200); len(all.Data) != 7 || all.More {
		t.Errorf("%+v", all)
	}
	for _, limit := range []string{"0", "-1", "x", "10001"} {
		call[apiError](t, "GET", url+"/v1/files?limit="+limit, "", 400)
	}
}

// upload streams a file and gives what the double made of it.
func upload(t *testing.T, url string, content io.Reader) (f file) {
	t.Helper()
	out, in := io.Pipe()
	form := multipart.NewWriter(in)
	go func() {
		err := form.WriteField("purpose", "assistants")
		w, ferr := form.CreateFormFile("file", "a.bin")
		if err == nil && ferr == nil {
			_, err = io.Copy(w, content)
		}
		_ = form.Close()
		in.CloseWithError(err)
	}()
	r, _ := http.NewRequest("POST", url+"/v1/files", out)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("X-Api-Key", key)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&f); err != nil || answer.StatusCode != 200 {
		t.Errorf("%d %v", answer.StatusCode, err)
	}
	return f
}

func TestUploadReadDelete(t *testing.T) {
	_, url := start(t, Options{})
	const size = 20 << 20
	h := sha256.New()
	big := upload(t, url, io.TeeReader(Content(size), h))
	if big.Bytes != size || big.SHA256 != hex.EncodeToString(h.Sum(nil)) || big.Filename != "a.bin" || big.Purpose != "assistants" {
		t.Errorf("%+v", big)
	}
	small := upload(t, url, strings.NewReader("content\x00"))
	if got := bodyOf(t, do(t, "GET", url+"/v1/files/"+small.ID+"/content", "")); got != "content\x00" {
		t.Errorf("content %q", got)
	}
	call[apiError](t, "GET", url+"/v1/files/"+big.ID+"/content", "", 400)
	if got := call[file](t, "GET", url+"/v1/files/"+small.ID, "", 200); got.SHA256 != small.SHA256 {
		t.Errorf("%+v", got)
	}
	call[struct{ Deleted bool }](t, "DELETE", url+"/v1/files/"+small.ID, "", 200)
	call[apiError](t, "GET", url+"/v1/files/"+small.ID, "", 404)
	call[apiError](t, "POST", url+"/v1/files", "no form", 400)
}

func TestATornUploadIsRefused(t *testing.T) {
	_, url := start(t, Options{})
	r, _ := http.NewRequest("POST", url+"/v1/files", strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nhalf"))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	r.Header.Set("X-Api-Key", key)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 400 {
		t.Errorf("status %d", answer.StatusCode)
	}
}

func TestGeneratedFilesHaveContent(t *testing.T) {
	_, url := start(t, Options{Files: 1})
	f := call[fileList](t, "GET", url+"/v1/files", "", 200).Data[0]
	body := bodyOf(t, do(t, "GET", url+"/v1/files/"+f.ID+"/content", ""))
	if sum := sha256.Sum256([]byte(body)); hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(body)) != f.Bytes {
		t.Errorf("%+v, %q", f, body)
	}
}

func TestBytesAndSink(t *testing.T) {
	_, url := start(t, Options{})
	want, err := io.ReadAll(Content(200_000))
	if err != nil {
		t.Fatal(err)
	}
	for query, length := range map[string]int64{"": 200_000, "?chunked=1": -1} {
		answer := do(t, "GET", url+"/v1/bytes/200000"+query, "")
		if got := bodyOf(t, answer); answer.ContentLength != length || got != string(want) {
			t.Errorf("%q: length %d, %d bytes", query, answer.ContentLength, len(got))
		}
	}
	sum := sha256.Sum256(want)
	type swallowed struct {
		Bytes  int64
		SHA256 string
	}
	if got := call[swallowed](t, "POST", url+"/v1/sink", string(want), 200); got != (swallowed{200_000, hex.EncodeToString(sum[:])}) {
		t.Errorf("%+v", got)
	}
	if got := call[swallowed](t, "POST", url+"/v1/sink?nohash=1", string(want), 200); got != (swallowed{200_000, ""}) {
		t.Errorf("%+v", got)
	}
	if bytes.Contains(want, []byte(key)) {
		t.Error("the content has the key")
	}
}
