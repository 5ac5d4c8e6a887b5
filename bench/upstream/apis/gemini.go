package apis

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Gemini is generativelanguage.googleapis.com, for any version:
//
//	POST /{version}/models/{model}:generateContent, :streamGenerateContent (events, or an array), :countTokens, :batchEmbedContents
//	GET  /{version}/models    3 of them, pageSize a page
//	POST /upload/{version}/files   resumable; the digest of what came
//	GET  /{version}/files/{id}, DELETE; POST /{version}/auth_tokens
//
// The model "error-429" answers that error.
func Gemini(key string) http.Handler {
	g := &gemini{uploads: map[string]*upload{}}
	mux := http.NewServeMux()
	for _, version := range []string{"v1beta", "v1", "v1alpha"} {
		mux.HandleFunc("POST /"+version+"/models/{call}", g.call)
		mux.HandleFunc("GET /"+version+"/models", listModels)
		mux.HandleFunc("POST /upload/"+version+"/files", g.upload(version))
		mux.HandleFunc("PUT /upload/"+version+"/files", g.upload(version))
		mux.HandleFunc("GET /"+version+"/files/{id}", func(w http.ResponseWriter, r *http.Request) { answer(w, 200, file(r, r.PathValue("id"), 3, "")) })
		mux.HandleFunc("DELETE /"+version+"/files/{id}", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, object{}) })
		mux.HandleFunc("POST /"+version+"/auth_tokens", func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 200, object{"name": BornName})
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		googleError(w, 404, "NOT_FOUND", "Requested entity was not found.")
	})
	return keyed(key, header("X-Goog-Api-Key"), func(w http.ResponseWriter, _ *http.Request) {
		googleError(w, 400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")
	}, mux)
}

// BornName is the ephemeral token that the double of Gemini mints.
const BornName = "auth_tokens/born0123456789abcdef0123456789"

type gemini struct {
	mu      sync.Mutex
	uploads map[string]*upload
}

type upload struct {
	name string
	data []byte
}

func googleError(w http.ResponseWriter, code int, status, message string) {
	answer(w, code, object{"error": object{"code": code, "message": message, "status": status}})
}

func listModels(w http.ResponseWriter, r *http.Request) {
	const all = 3
	from, size := number(r, "pageToken", 0), number(r, "pageSize", 50)
	list := object{"models": []object{}}
	for n := from; n < min(from+size, all); n++ {
		list["models"] = append(list["models"].([]object), object{"name": fmt.Sprint("models/double-", n), "displayName": fmt.Sprint("Double ", n)})
	}
	if from+size < all {
		list["nextPageToken"] = strconv.Itoa(from + size)
	}
	answer(w, 200, list)
}

func content(text string, last bool) object {
	c := object{"content": object{"role": "model", "parts": []object{{"text": text}}}, "index": 0}
	if last {
		c["finishReason"] = "STOP"
	}
	return object{"candidates": []object{c}, "usageMetadata": object{"promptTokenCount": 3, "totalTokenCount": 8}, "modelVersion": "double"}
}

// Reply is what the double of Gemini says.
const Reply = "Hello from the double of Gemini."

func (g *gemini) call(w http.ResponseWriter, r *http.Request) {
	model, verb, _ := strings.Cut(r.PathValue("call"), ":")
	if _, status, ok := strings.Cut(model, "error-"); ok {
		code, _ := strconv.Atoi(status)
		w.Header().Set("Retry-After", "2")
		googleError(w, code, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")
		return
	}
	switch verb {
	case "generateContent":
		answer(w, 200, content(Reply, true))
	case "streamGenerateContent":
		stream(w, r)
	case "countTokens":
		answer(w, 200, object{"totalTokens": 3})
	case "batchEmbedContents":
		answer(w, 200, object{"embeddings": []object{{"values": []float64{0.25, 0.5}}}})
	default:
		googleError(w, 404, "NOT_FOUND", "Requested entity was not found.")
	}
}

// stream answers with events where alt=sse asks for them, else with one array
// that grows.
func stream(w http.ResponseWriter, r *http.Request) {
	words := strings.SplitAfter(Reply, " ")
	events := r.URL.Query().Get("alt") == "sse"
	before, between, after := "[", ",\r\n", "]"
	if events {
		w.Header().Set("Content-Type", "text/event-stream")
		before, between, after = "", "", ""
	} else {
		w.Header().Set("Content-Type", "application/json")
	}
	_, _ = io.WriteString(w, before)
	for i, word := range words {
		b, _ := json.Marshal(content(word, i == len(words)-1)) // a map of strings and numbers
		if events {
			_, _ = fmt.Fprintf(w, "data: %s\r\n\r\n", b)
		} else if i > 0 {
			_, _ = fmt.Fprintf(w, "%s%s", between, b)
		} else {
			_, _ = w.Write(b)
		}
		w.(http.Flusher).Flush()
	}
	_, _ = io.WriteString(w, after)
}

// upload is Google's resumable protocol: a start that names the URL for the
// rest, then pieces, the last of which says so.
func (g *gemini) upload(version string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { g.piece(w, r, version) }
}

func (g *gemini) piece(w http.ResponseWriter, r *http.Request, version string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	command := r.Header.Get("X-Goog-Upload-Command")
	id := r.URL.Query().Get("upload_id")
	if command == "start" {
		id = fmt.Sprint("up-", len(g.uploads)+1)
		f, _ := read(r)["file"].(object)
		name, _ := f["displayName"].(string)
		g.uploads[id] = &upload{name: name}
		w.Header().Set("X-Goog-Upload-Status", "active")
		w.Header().Set("X-Goog-Upload-URL", self(r, "/upload/%s/files?upload_id=%s&upload_protocol=resumable", version, id))
		answer(w, 200, object{})
		return
	}
	u := g.uploads[id]
	b, err := io.ReadAll(r.Body)
	if u == nil || err != nil || r.Header.Get("X-Goog-Upload-Offset") != strconv.Itoa(len(u.data)) {
		googleError(w, 400, "INVALID_ARGUMENT", "Not that upload, or not at that offset.")
		return
	}
	u.data = append(u.data, b...)
	if !strings.Contains(command, "finalize") {
		w.Header().Set("X-Goog-Upload-Status", "active")
		answer(w, 200, object{})
		return
	}
	sum := sha256.Sum256(u.data)
	w.Header().Set("X-Goog-Upload-Status", "final")
	answer(w, 200, object{"file": file(r, "f1", len(u.data), hex.EncodeToString(sum[:]))})
}

func file(r *http.Request, id string, size int, sum string) object {
	return object{"name": "files/" + id, "displayName": "a file", "mimeType": "text/plain", "sizeBytes": strconv.Itoa(size), "sha256Hash": sum, "state": "ACTIVE",
		"uri": self(r, "/v1beta/files/%s", id)}
}
