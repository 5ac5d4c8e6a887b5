package main

import (
	"errors"
	"fmt"

	"github.com/seksbot/seks-broker/e2e/harness"
)

// judge searches all that each party saw: the real key must be with the API and
// nowhere else, the token with the agent and nowhere else.
func (t trip) judge() error {
	return errors.Join(t.only(apiSaw, "the real key", t.key), t.only(agentSent, "the proxy token", t.token))
}

func (t trip) only(where int, what, secret string) error {
	var errs []error
	for i, v := range t.views {
		for _, text := range []string{v.shown, v.all} {
			found := harness.Find([]byte(text), secret)
			switch {
			case i == where && found == "":
				errs = append(errs, fmt.Errorf("%s is not in view %d, where it belongs", what, i+1))
			case i != where && found != "":
				errs = append(errs, fmt.Errorf("%s is in view %d (%s), where it must not be", what, i+1, found))
			}
		}
	}
	return errors.Join(errs...)
}
