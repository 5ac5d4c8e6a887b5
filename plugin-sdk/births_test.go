package seks

import (
	"reflect"
	"testing"
)

var births = ReadBirths(`
# what makes keys
POST /v1/keys                 value
POST /v1/keys/{id}/rotate     key.value key.previous
POST /v1/hooks/{id}:rotate    secret
PUT  /user/tokens/{id}/value  result
`)

// A path counts in each way in which an API might read it, and below any base.
func TestBirthsAt(t *testing.T) {
	for _, c := range []struct {
		method, path string
		want         []string
	}{
		{"POST", "/v1/keys", []string{"value"}},
		{"post", "/v1/keys", []string{"value"}},
		{"POST", "/base/v1/keys/", []string{"value"}},
		{"POST", "/v1//keys", []string{"value"}},
		{"POST", "/V1/Keys", []string{"value"}},
		{"POST", "/v1/%6beys", []string{"value"}},
		{"POST", "/v1/%25256Beys", []string{"value"}},
		{"POST", "/v1%2Fkeys", []string{"value"}},
		{"POST", "/v1;a=b/keys;x", []string{"value"}},
		{"POST", "/v1/keys;%2Fx", []string{"value"}},
		{"POST", "/v1/keys%3Bx", []string{"value"}},
		{"POST", "/v1/keys/k1/rotate", []string{"key.value", "key.previous"}},
		{"POST", "/v1/hooks/h1:rotate", []string{"secret"}},
		{"PUT", "/client/v4/user/tokens/t1/value", []string{"result"}},
		{"GET", "/v1/keys", nil},
		{"POST", "/v1/keys/k1", nil},
		{"POST", "/v1/keys/rotate", nil},
		{"POST", "/v1/monkeys", nil},
		{"POST", "/keys", nil},
		{"POST", "/v1/hooks/h1", nil},
		{"POST", "/v1/%2525256Beys", nil}, // the host refuses it: no server decodes so often
		{"POST", "", nil},
	} {
		if got := births.At(c.method, c.path); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %s: %q, want %q", c.method, c.path, got, c.want)
		}
	}
}

func TestBirthsWatchAndScrub(t *testing.T) {
	if p := births.Watch(Bearer("api_key"), &View{Method: "POST", Path: "/v1/keys"}); !p.InspectAnswer {
		t.Error("the plan doesn't ask for the answer")
	}
	if p := births.Watch(Bearer("api_key"), &View{Method: "GET", Path: "/v1/keys"}); p.InspectAnswer {
		t.Error("the plan asks for an answer with nothing in it")
	}
	for status, want := range map[uint64]int{200: 1, 201: 1, 299: 1, 400: 0, 302: 0, 500: 0} {
		s := births.Scrub(&AnswerHead{Method: "POST", Path: "/v1/keys", Status: status})
		if got := 0; s != nil {
			got = len(s.SecretFields)
			if got != want {
				t.Errorf("%d: %q", status, s.SecretFields)
			}
		} else if want != 0 {
			t.Errorf("%d: nothing is masked", status)
		}
	}
}

func TestBirthsThatAreNone(t *testing.T) {
	for _, line := range []string{"POST /v1/keys", "POST v1/keys value", "POST"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q is taken", line)
				}
			}()
			ReadBirths(line)
		}()
	}
}

func FuzzBirths(f *testing.F) {
	for _, path := range []string{"/v1/keys", "/v1/%256beys;x//", "%", "/%2", "/v1/hooks/h%3Arotate"} {
		f.Add("POST", path)
	}
	f.Fuzz(func(t *testing.T, method, path string) {
		// Whatever stands before, and a slash behind, changes nothing.
		if have, other := births.At(method, path), births.At(method, "/base/"+path+"/"); len(have) > 0 && len(other) < len(have) {
			t.Errorf("%q: %q, below a base %q", path, have, other)
		}
	})
}
