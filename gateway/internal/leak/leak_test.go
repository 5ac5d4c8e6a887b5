package leak

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

const standIn = "sk-stand-in-0123456789abcdefghijKLMN"

// A gateway that scrubs nothing leaks every answer; one that only looks for the plain
// value leaks those that are not plain.
func TestALeakIsSeen(t *testing.T) {
	d, err := NewDouble([]string{standIn}, false)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	direct := func(ctx context.Context) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.Addr()+"/", nil)
	}
	r, err := d.Run(context.Background(), direct)
	if err != nil || r.Answers < 250 || r.Writings != len(writings) {
		t.Fatalf("%+v %v", r, err)
	}
	if len(r.Leaks) != r.Answers {
		t.Errorf("%d of %d answers leak, want all", len(r.Leaks), r.Answers)
	}

	to, _ := url.Parse("http://" + d.Addr())
	masks := httputil.NewSingleHostReverseProxy(to)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		recorded := httptest.NewRecorder()
		masks.ServeHTTP(recorded, req)
		w.Header().Set("Content-Encoding", recorded.Header().Get("Content-Encoding"))
		w.WriteHeader(recorded.Code)
		_, _ = w.Write([]byte(strings.ReplaceAll(recorded.Body.String(), standIn, "***")))
	}))
	defer gateway.Close()
	r, err = d.Run(context.Background(), func(ctx context.Context) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, gateway.URL, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Leaks {
		if strings.HasPrefix(l, "raw in ") && !strings.HasSuffix(l, "gzip") && !strings.HasSuffix(l, "deflate") {
			t.Errorf("%s, which was masked", l)
		}
	}
	if len(r.Leaks) < 150 {
		t.Errorf("only %d leaks: %q", len(r.Leaks), r.Leaks)
	}
}

// A check that never reaches the double is none.
func TestAVainCheckIsAnError(t *testing.T) {
	d, err := NewDouble([]string{standIn}, false)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for status, header := range map[int]string{200: "", 403: "policy_denied"} {
		gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set("X-Seks-Error", header)
			}
			w.WriteHeader(status)
		}))
		_, err := d.Run(context.Background(), func(ctx context.Context) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodGet, gateway.URL, nil)
		})
		if err == nil || header != "" && !strings.Contains(err.Error(), header) {
			t.Errorf("%d: %v", status, err)
		}
		gateway.Close()
	}
}
