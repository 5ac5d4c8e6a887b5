package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

// Trailers of a text that was searched: what was masked, by form, and what ended it
// before its end.
const (
	maskedTrailer = "Seks-Masked"
	errorTrailer  = "Seks-Error"
)

// scrub is the one command whose input and output are streams.
func (s *Server) scrub(w http.ResponseWriter, r *http.Request) {
	flush := http.NewResponseController(w)
	if err := flush.EnableFullDuplex(); err != nil {
		fail(w, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Trailer", maskedTrailer+", "+errorTrailer)
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "no-store")
	query := r.URL.Query()
	forms, err := s.broker.CredentialScrub(flushing{w, flush}, r.Body, ops.ScrubIn{Credential: query.Get("credential"), Type: query.Get("type")})
	if err != nil {
		w.Header().Set(errorTrailer, url.PathEscape(err.Error()))
	}
	text, err := json.Marshal(forms)
	if err != nil {
		text = nil
	}
	w.Header().Set(maskedTrailer, string(text))
}

// flushing sends what is written at once: the text may be a log that grows.
type flushing struct {
	io.Writer
	flush *http.ResponseController
}

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if err == nil {
		err = f.flush.Flush()
	}
	return n, err
}

// Scrub has a running broker search a text for a credential's secrets. It counts
// what was masked, by form.
func (c *Client) Scrub(ctx context.Context, out io.Writer, in io.Reader, what ops.ScrubIn) (map[string]int, error) {
	query := url.Values{"credential": {what.Credential}, "type": {what.Type}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/admin/v1/stream/scrub?"+query.Encode(), io.NopCloser(in))
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("the running broker did not answer: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(out, resp.Body); err != nil {
		return nil, fmt.Errorf("the running broker's answer was cut: %w", err)
	}
	if message := resp.Trailer.Get(errorTrailer); message != "" || resp.StatusCode != http.StatusOK {
		if plain, err := url.PathUnescape(message); err == nil && plain != "" {
			return nil, errors.New(plain)
		}
		return nil, fmt.Errorf("the running broker answered %s", resp.Status)
	}
	var forms map[string]int
	return forms, json.Unmarshal([]byte(resp.Trailer.Get(maskedTrailer)), &forms)
}
