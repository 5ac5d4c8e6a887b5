package plugin

import "sync"

// turns bounds how many calls of one tenant run at once, to half of all that may:
// a tenant whose requests make a guest loop, for a second each, holds up its own.
// Guests do nothing but compute, so that half is as many as there are processors.
type turns struct {
	most int
	mu   sync.Mutex
	by   map[string]*turn
}

type turn struct {
	places chan struct{}
	users  int // that have one, or wait
}

func (t *turns) enter(tenant string) *turn {
	t.mu.Lock()
	own := t.by[tenant]
	if own == nil {
		own = &turn{places: make(chan struct{}, t.most)}
		t.by[tenant] = own
	}
	own.users++
	t.mu.Unlock()
	own.places <- struct{}{}
	return own
}

// leave gives the place back; a tenant without any has no entry.
func (t *turns) leave(tenant string, own *turn) {
	<-own.places
	t.mu.Lock()
	defer t.mu.Unlock()
	if own.users--; own.users == 0 {
		delete(t.by, tenant)
	}
}
