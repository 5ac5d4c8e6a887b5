package credential_test

import (
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

func checked() *plan.Manifest {
	return &plan.Manifest{Manifest: abi.Manifest{Name: "example", Fields: []abi.Field{
		{Name: "api_key", Use: abi.UseReveal, Main: true, Prefix: "sk-"},
		{Name: "signing_key", Use: abi.UseSign, Optional: true},
		{Name: "account", Use: abi.UsePublic, Optional: true},
	}}}
}

func TestCheck(t *testing.T) {
	long := "sk-" + strings.Repeat("k", credential.MaxField)
	pem := "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n"
	tests := []struct {
		name   string
		values map[string]string
		short  bool
		want   string // in the error; "" for none
		warn   string
	}{
		{"one field", map[string]string{"api_key": key}, false, "", ""},
		{"all fields", map[string]string{"api_key": key, "signing_key": key, "account": "7"}, false, "", ""},
		{"the longest", map[string]string{"api_key": long[:credential.MaxField]}, false, "", ""},
		{"16 bytes", map[string]string{"api_key": "sk-4567890123456"}, false, "", ""},
		{"bytes above ASCII", map[string]string{"api_key": "sk-pässwörter-sind-lang\xff"}, false, "", ""},
		{"an odd prefix", map[string]string{"api_key": "pk-live-7Qb1xW93hTzKpV"}, false, "", `usually begins with "sk-"`},
		{"a space inside", map[string]string{"api_key": "sk-two words and more"}, false, "", ""},

		{"nothing", map[string]string{}, false, "field api_key is missing: give it as a line api_key=…", ""},
		{"empty", map[string]string{"api_key": ""}, false, "field api_key is empty", ""},
		{"empty, though short is fine", map[string]string{"api_key": ""}, true, "field api_key is empty", ""},
		{"too long", map[string]string{"api_key": long}, false, "has 8195 bytes; at most 8192", ""},
		{"a line break at its end", map[string]string{"api_key": key + "\n"}, false, "line break or control byte", ""},
		{"a carriage return", map[string]string{"api_key": key + "\r"}, false, "line break or control byte", ""},
		{"a tab", map[string]string{"api_key": key + "\t"}, false, "line break or control byte", ""},
		{"NUL", map[string]string{"api_key": "sk-\x00" + key}, false, "line break or control byte", ""},
		{"DEL", map[string]string{"api_key": key + "\x7f"}, false, "line break or control byte", ""},
		{"an escape", map[string]string{"account": "\x1b[31m"}, true, "field account holds a line break or control byte", ""},
		{"PEM, which no operation of this version takes", map[string]string{"api_key": key, "signing_key": pem}, false, "field signing_key holds a line break", ""},
		{"a space at its end", map[string]string{"api_key": key + " "}, false, "begins or ends with a space", ""},
		{"a space before it", map[string]string{"api_key": " " + key}, true, "begins or ends with a space", ""},
		{"15 bytes", map[string]string{"api_key": "sk-456789012345"}, false, "has 15 bytes: a secret under 16 can be guessed from what is scrubbed; if it is right, say --short", ""},
		{"15 bytes, and that is right", map[string]string{"api_key": "sk-456789012345"}, true, "", ""},
		{"15 bytes to sign with", map[string]string{"api_key": key, "signing_key": "456789012345678"[:15]}, false, "field signing_key has 15 bytes", ""},
		{"4 bytes, and that is right", map[string]string{"api_key": "sk-4"}, true, "", ""},
		{"3 bytes, which can't be right", map[string]string{"api_key": "sk-"}, true, "a secret under 4 bytes can't be kept out of answers", ""},
		{"a public one may be short", map[string]string{"api_key": key, "account": "7"}, false, "", ""},
		{"an unknown field", map[string]string{"api_key": key, "apikey": key}, false, `field "apikey" is not one of example's: it has api_key, signing_key, account`, ""},
	}
	for _, tt := range tests {
		values := map[string]secret.Bytes{}
		for name, v := range tt.values {
			values[name] = secret.New([]byte(v))
		}
		fields, warnings, err := credential.Check(checked(), values, tt.short)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		if tt.warn == "" != (len(warnings) == 0) || len(warnings) > 0 && !strings.Contains(warnings[0], tt.warn) {
			t.Errorf("%s: warnings %q, want %q", tt.name, warnings, tt.warn)
		}
		if err == nil {
			for name, v := range tt.values {
				if f := fields[name]; string(f.Value.Reveal()) != v || f.Public != (name == "account") {
					t.Errorf("%s: field %s came out as %v", tt.name, name, f)
				}
			}
		}
		said := strings.Join(warnings, " ")
		if err != nil {
			said += err.Error()
		}
		for _, v := range tt.values {
			if len(v) > 4 && strings.Contains(said, v) {
				t.Errorf("%s: what is said holds the value: %s", tt.name, said)
			}
		}
	}
}

func TestCheckSaysAllAtOnce(t *testing.T) {
	_, _, err := credential.Check(checked(), map[string]secret.Bytes{
		"signing_key": secret.New([]byte("short")), "account": secret.New([]byte("a\nb")), "other": secret.New([]byte("x")), "more": {},
	}, false)
	for _, want := range []string{"api_key is missing", "signing_key has 5 bytes", "account holds a line break", `"other" is not one`, `"more" is not one`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing of %q in: %v", want, err)
		}
	}
}
