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

// Sighting is how often a key of some shape, none of ours, stood in an answer.
type Sighting struct {
	Name  string // of the shape
	Count int
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
	Needles           int // secrets that were read to make the tenant's needles anew, with this request
	Born              int // values masked in it that were secrets born there
	Shapes            []Sighting
}
