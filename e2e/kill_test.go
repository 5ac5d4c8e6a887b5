package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

const (
	kills = 20
	// window is how long a line may take to the disk with durability = "batch":
	// 100 ms, as the README says, and what a busy machine may add.
	window = time.Second
)

// load is what a number of agents got in full, and when.
type load struct {
	stop chan struct{}
	wg   sync.WaitGroup

	mu   sync.Mutex
	had  map[string]time.Time // by X-Seks-Request-Id
	more *sync.Cond
}

// begin lets agents send small requests, one after the other, until end.
func begin(r *rig, agents int) *load {
	l := &load{stop: make(chan struct{}), had: map[string]time.Time{}}
	l.more = sync.NewCond(&l.mu)
	transport := &http.Transport{MaxIdleConnsPerHost: agents}
	url, token := r.URL+"/api/openai/v1/models", r.token
	for range agents {
		l.wg.Go(func() {
			for {
				select {
				case <-l.stop:
					transport.CloseIdleConnections()
					return
				default:
				}
				q, _ := http.NewRequest("GET", url, nil) // a good URL
				q.Header.Set("Authorization", "Bearer "+token)
				resp, err := transport.RoundTrip(q)
				if err != nil {
					continue // it was killed
				}
				_, err = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if err == nil && resp.StatusCode == 200 {
					l.mu.Lock()
					l.had[resp.Header.Get("X-Seks-Request-Id")] = time.Now()
					l.more.Broadcast()
					l.mu.Unlock()
				}
			}
		})
	}
	return l
}

// until waits for that many answers.
func (l *load) until(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.had) < n {
		l.more.Wait()
	}
}

func (l *load) end() map[string]time.Time {
	close(l.stop)
	l.wg.Wait()
	return l.had
}

// The whole broker is killed in the middle of load: the log verifies, it has
// every exchange that it promises, and what commands had confirmed is there.
func TestTheBrokerIsKilledInTheMiddleOfLoad(t *testing.T) {
	for _, durability := range []string{"sync", "batch"} {
		t.Run(durability, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, upstream.Options{}, harness.Options{Extra: "[access_log]\ndurability = \"" + durability + "\"\n"})
			promised, lost := map[string]bool{}, 0
			var tokens, credentials []string
			for round := range kills {
				l := begin(r, 4)
				l.until(10 * (round + 1))
				id, _ := r.issue(fmt.Sprint("agent-of-round-", round))
				credential := fmt.Sprint("credential-of-round-", round)
				r.must(r.key, "credential", "set", credential, "--provider", "openai")
				tokens, credentials = append(tokens, id), append(credentials, credential)
				if durability == "batch" && round%5 == 4 {
					time.Sleep(window + 200*time.Millisecond) // so that some answers are older than the window
				}
				killed := time.Now()
				if err := r.Kill(); err != nil {
					t.Fatal(err)
				}
				had := l.end()
				if res := r.run("", "log", "verify"); res.Status != 0 {
					t.Fatalf("round %d: the log does not verify: %s%s", round, res.Out, res.Err)
				}
				there := map[string]bool{}
				for _, line := range r.log() {
					there[line["id"].(string)] = true
				}
				for id, at := range had {
					switch {
					case there[id]:
						promised[id] = true // what was seen once stays
					case durability == "sync":
						t.Errorf("round %d: the agent had the whole answer of %s, and the log has no line of it", round, id)
					case at.Before(killed.Add(-window)):
						t.Errorf("round %d: %s ended %v before the kill, and the log has no line of it", round, id, killed.Sub(at))
					default:
						lost++
					}
				}
				for id := range promised {
					if !there[id] {
						t.Errorf("round %d: the line of %s was there, and is gone", round, id)
					}
				}
				r.start()
			}
			known := r.must("", "token", "list") + r.must("", "credential", "list")
			for _, name := range append(tokens, credentials...) {
				if !strings.Contains(known, name) {
					t.Errorf("%s was confirmed, and is gone", name)
				}
			}
			r.works("kills")
			t.Logf("%d exchanges on record after %d kills; %d of the last %v before a kill are not", len(promised), kills, lost, window)
		})
	}
}
