package seks_test

import (
	"slices"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

func TestCatalogue(t *testing.T) {
	got := seks.Catalogue("\n# keys\nread  keys.list   GET  /keys\n\ngrant keys.create POST /keys/{id}:make\n  write a b /c  ")
	want := []seks.Operation{
		{Name: "keys.list", Class: seks.Read, Method: "GET", Path: "/keys"},
		{Name: "keys.create", Class: seks.Grant, Method: "POST", Path: "/keys/{id}:make"},
		{Name: "a", Class: seks.Write, Method: "b", Path: "/c"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"reed a GET /", "read a GET", "read a GET / more", "GET /"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q passed", bad)
				}
			}()
			seks.Catalogue(bad)
		}()
	}
}
