package conform

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

func (t *tester) start(*Result) (string, error) {
	for i := range 4 { // the least of three, as the machine may be busy; the first was started before
		took, err := t.trial.Fresh()
		if err != nil {
			return "", err
		}
		if i > 0 && (t.starts == 0 || took < t.starts) {
			t.starts = took
		}
	}
	return fmt.Sprintf("an instance takes %s and %s", t.starts.Round(time.Microsecond), size(t.trial.Memory())), nil
}

func size(n int) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// manifest: each instance says the same one. That it can be read, and is within
// bounds, was found when the module was opened.
func (t *tester) manifest(r *Result) (string, error) {
	var first []byte
	for range 3 {
		if _, err := t.trial.Fresh(); err != nil {
			return "", err
		}
		for range 2 {
			out, _, err := t.trial.Call(abi.ExportManifest, nil)
			if err != nil {
				return "", err
			}
			if first == nil {
				first = out
			}
			if !bytes.Equal(out, first) {
				return "", errors.New("the manifest is not the same each time: make it of constants alone")
			}
		}
	}
	if t.m.Title == "" {
		r.Advice = append(r.Advice, "it has no title, which is what an operator reads first")
	}
	for i := range t.m.Fields {
		if t.m.Fields[i].Use != abi.UsePublic && t.m.Fields[i].Help == "" {
			r.Advice = append(r.Advice, "the field "+t.m.Fields[i].Name+" has no help: say where a person finds its value")
		}
	}
	return fmt.Sprintf("%s %s, %d bytes of %d", t.m.Name, t.m.Version, len(first), abi.MaxManifest), nil
}

// catalogue: each operation is one that a request can reach, of a class that its
// method can have.
func (t *tester) catalogue(r *Result) (string, error) {
	for i := range t.m.Operations {
		op := &t.m.Operations[i]
		if op.Class == abi.ClassRead && (op.Method == "DELETE" || op.Method == "PATCH") {
			return "", fmt.Errorf("%s (%s %s) is of class read, which changes nothing: make it write, or grant", op.Name, op.Method, op.Path)
		}
		if !t.reachable(op.Path) {
			return "", fmt.Errorf("%s (%s %s): no request gets this path: write it as the upstream sees it, with its base path and version prefix", op.Name, op.Method, op.Path)
		}
		if path := t.samples.fill(op.Path); !slices.ContainsFunc(t.m.Acts(op.Method, path), func(a abi.Act) bool { return a.Name == op.Name }) {
			return "", fmt.Errorf("%s (%s %s): another operation's path hides it", op.Name, op.Method, op.Path)
		}
	}
	if len(t.m.Operations) == 0 {
		r.Advice = append(r.Advice, "it lists no operations, so a request is unknown unless a plan says what it does: tokens with --op or --read-only reach nothing")
	}
	return fmt.Sprintf("%d operations", len(t.m.Operations)), nil
}

func (t *tester) reachable(path string) bool {
	for _, o := range t.m.Origin {
		rest, ok := strings.CutPrefix(path, o.Path)
		if !ok {
			continue
		}
		if len(t.m.VersionPrefixes) == 0 || rest == "/" || slices.ContainsFunc(t.m.VersionPrefixes, func(p string) bool {
			return rest == p || strings.HasPrefix(rest, p+"/")
		}) {
			return true
		}
	}
	return false
}

// errors: the broker's errors in this API's shape can be read, whatever stands
// in their message.
func (t *tester) errors(r *Result) (string, error) {
	if t.m.Shape == fault.DefaultShape {
		r.Advice = append(r.Advice, "it has no error shape: agents get the broker's own, which the API's SDK may not know")
		return "in the broker's own shape", nil
	}
	codes := fault.Codes()
	for _, code := range codes {
		const message = `a "quoted" <word> & a \ back-slash`
		body := t.m.Shape.Render(fault.Newf(code, "%s", message), "req_0123456789")
		if left := placeholder.Find(body); left != nil {
			return "", fmt.Errorf("the error shape has %s, which stands for nothing: see ErrorShape in ABI.md", left)
		}
		text, err := texts(t.m.Shape.ContentType, body)
		if err != nil {
			return "", fmt.Errorf("the error shape for %s is not what its content type says: %w: %.200q", code, err, body)
		}
		if !strings.Contains(text, message) {
			return "", errors.New("the error shape shows no message: put {{message}} where the API's SDK reads one, in quotes or an element")
		}
	}
	return fmt.Sprintf("all %d codes as %s", len(codes), t.m.Shape.ContentType), nil
}

var placeholder = regexp.MustCompile(`\{\{[a-z_]*\}\}`)

// texts are all texts of a body, decoded as its content type says.
func texts(contentType string, body []byte) (string, error) {
	switch {
	case strings.Contains(contentType, "json"):
		var v any
		err := json.Unmarshal(body, &v)
		return fmt.Sprintf("%v", v), err
	case strings.Contains(contentType, "xml"):
		var all strings.Builder
		for d := xml.NewDecoder(bytes.NewReader(body)); ; {
			switch token, err := d.Token(); token := token.(type) {
			case xml.CharData:
				all.Write(token)
			case nil:
				if errors.Is(err, io.EOF) {
					return all.String(), nil
				}
				return "", err
			}
		}
	}
	return string(body), nil
}
