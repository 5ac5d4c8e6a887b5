package token

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

// A token is suspended with the answer that is one too many: from then on it is
// refused, after a restart too, until it is resumed. Others are not.
func TestSuspension(t *testing.T) {
	r := newRoom(t)
	plain, rec := r.issue(t, basic)
	other, _ := r.issue(t, basic)
	for i := range 3 {
		if suspended, err := r.Bore(rec.ID, 0); suspended || err != nil {
			t.Errorf("without a limit: %v, %v", suspended, err)
		}
		if _, err := r.Find(plain, "openai"); err != nil {
			t.Fatal(err)
		}
		if suspended, err := r.Bore(rec.ID, 3); suspended != (i == 2) || err != nil {
			t.Errorf("answer %d: %v, %v", i, suspended, err)
		}
	}
	for name, s := range map[string]*Store{"at once": r.Store, "after a restart": r.reopened()} {
		if c := refused(t, s, plain, "openai", fault.PolicyDenied, "suspended"); c.TokenID() != rec.ID {
			t.Errorf("%s: the log would not learn which token it was", name)
		}
		if _, err := s.Find(other, "openai"); err != nil {
			t.Errorf("%s: another token: %v", name, err)
		}
	}
	since := r.clock.now()
	r.clock.advance(time.Hour)
	if suspended, err := r.Bore(rec.ID, 1); suspended || err != nil { // a stream that still ran
		t.Errorf("again: %v, %v", suspended, err)
	}
	if got, err := r.Show(rec.ID); err != nil || !got.Suspended.Equal(since) {
		t.Errorf("suspended since %v, want %v: %v", got.Suspended, since, err)
	}
	for range 2 {
		if err := r.Resume(rec.ID); err != nil {
			t.Error(err)
		}
		if _, err := r.Find(plain, "openai"); err != nil {
			t.Errorf("resumed: %v", err)
		}
	}
	if suspended, err := r.Bore(rec.ID, 2); suspended || err != nil {
		t.Errorf("the count does not begin anew: %v, %v", suspended, err)
	}
	if _, err := r.Bore("tok_0000000000000000", 1); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
	if err := r.Revoke(rec.ID); err != nil {
		t.Fatal(err)
	}
	if err := r.Resume(rec.ID); err == nil {
		t.Error("a revoked token was resumed")
	}
	refused(t, r.Store, plain, "openai", fault.TokenRevoked, "revoked")
}

// Of many answers that end at once, each counts, and one suspends.
func TestSuspensionOfManyAtOnce(t *testing.T) {
	r := newRoom(t)
	_, rec := r.issue(t, basic)
	var wg sync.WaitGroup
	var mu sync.Mutex
	times := 0
	for range 100 {
		wg.Go(func() {
			suspended, err := r.Bore(rec.ID, 100)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if suspended {
				times++
			}
		})
	}
	wg.Wait()
	if times != 1 {
		t.Errorf("suspended %d times", times)
	}
}
