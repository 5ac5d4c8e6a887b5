package sdktest

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

var (
	parameter = regexp.MustCompile(`\{[^}]*\}`)
	opName    = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,128}$`)
)

// Manifest checks what can be said of any manifest: it fits the contract's
// limits, and its catalogue has each request once, under a name and a class.
func Manifest(t *testing.T, m *seks.Manifest) {
	t.Helper()
	b := m.Marshal()
	var again seks.Manifest
	if err := again.Unmarshal(b); err != nil || len(b) > abi.MaxManifest || len(again.Operations) != len(m.Operations) {
		t.Errorf("the manifest has %d bytes of %d, and %d operations: %v", len(b), abi.MaxManifest, len(again.Operations), err)
	}
	lines := map[string]string{}
	for _, op := range m.Operations {
		line := Line(op.Method, op.Path)
		if other, ok := lines[line]; ok {
			t.Errorf("%s and %s are one request: %s", other, op.Name, line)
		}
		lines[line] = op.Name
		if !opName.MatchString(op.Name) || op.Class < seks.Read || op.Class > seks.Grant || op.Method != strings.ToUpper(op.Method) || !strings.HasPrefix(op.Path, "/") {
			t.Errorf("no operation: %+v", op)
		}
	}
}

// Line is a request's method and path with its parameters' names left out, so
// that two ways to write a path can be compared.
func Line(method, path string) string { return method + " " + parameter.ReplaceAllString(path, "{}") }

// Error is the answer that the host makes for one of the broker's codes, decoded
// into into: what the API's own SDK would read.
func Error(t *testing.T, m *seks.Manifest, code string, into any) (status int) {
	t.Helper()
	word, status := code, 403
	if i := slices.IndexFunc(m.ErrorShape.Statuses, func(s seks.CodeStatus) bool { return s.Code == code }); i >= 0 {
		row := m.ErrorShape.Statuses[i]
		word, status = cmp.Or(row.Word, word), cmp.Or(int(row.Status), status)
	}
	read, message := json.Unmarshal, `a \"reason\"`
	if strings.Contains(m.ErrorShape.ContentType, "xml") {
		read, message = xml.Unmarshal, "a &quot;reason&quot;"
	}
	body := strings.NewReplacer("{{code}}", code, "{{word}}", word, "{{message}}", message, "{{status}}", strconv.Itoa(status),
		"{{request_id}}", "req_1").Replace(m.ErrorShape.Body)
	if err := read([]byte(body), into); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return status
}

// Births checks that every answer in which a secret is born is one of an
// operation of the manifest, by the end of its path.
func Births(t *testing.T, m *seks.Manifest, births seks.Births) {
	t.Helper()
	for _, b := range births {
		end := parameter.ReplaceAllString(b.Path, "{}")
		if !slices.ContainsFunc(m.Operations, func(op seks.Operation) bool {
			return op.Method == b.Method && strings.HasSuffix(parameter.ReplaceAllString(op.Path, "{}"), end)
		}) {
			t.Errorf("no operation of the manifest is %s …%s", b.Method, b.Path)
		}
	}
}
