// Package exchange is the record of one request and its answer: created at the
// door, filled on the way, logged once at the end. Data only: it decides
// nothing and holds no secret.
package exchange

import "time"

// Decisions that an exchange can end with.
const (
	Allowed = "allow" // sent upstream
	Denied  = "deny"  // refused by the broker
)

// MaxHits is how many of the places in one answer are told one by one.
const MaxHits = 16

// Sighting is how often something stood in an answer: a key of some shape, none of
// ours, or a secret in some form.
type Sighting struct {
	Name  string // of the shape or form
	Count int
}

// Count counts one more of that name.
func Count(list []Sighting, name string) []Sighting {
	for i := range list {
		if list[i].Name == name {
			list[i].Count++
			return list
		}
	}
	return append(list, Sighting{name, 1})
}

// Hit is a place in an answer where a secret was masked. It holds nothing of it.
type Hit struct {
	Place  string // "body" or "header"; trailers and status text count as headers
	Form   string // as "base64"
	Offset int64  // in the decoded body, or in the header's value
}

// Exchange is one request and its answer. Strings are copies: nothing in it
// points into a connection's buffers.
type Exchange struct {
	Start             time.Time
	ID                string // "req_…", also X-Seks-Request-Id
	Tenant            string
	Agent             string
	TokenID           string
	Provider          string
	Credential        string
	CredentialVersion uint64
	Operation         string // names joined by ","; "" where none is known
	Method            string
	Path              string // the upstream path, or the target's path where routing did not get that far
	QueryKeys         []string
	Status            int    // what the agent got; 0 where the agent was gone
	Error             string // fault code, "" where there was none
	Decision          string
	Reason            string // why, for the operator
	ClientIP          string
	UserAgent         string
	BytesIn           int64
	BytesOut          int64
	UpstreamHost      string
	Upstream          time.Duration // request sent to answer's head
	Total             time.Duration
	Scrubbed          int // places masked in the answer
	Hits              []Hit
	Forms             []Sighting // places by form
	Panicked          bool       // the broker failed on it
	Suspended         bool       // the token was, for the secrets in this answer
	Needles           int        // secrets that were read to make the tenant's needles anew, with this request
	Born              int        // values masked in it that were secrets born there
	Shapes            []Sighting
}
