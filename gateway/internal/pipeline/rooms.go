package pipeline

import (
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/body"
	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/exchange"
	"github.com/seksbot/seks-broker/gateway/internal/limit"
	"github.com/seksbot/seks-broker/gateway/internal/scrub"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
)

// Pipeline holds the rooms.
type Pipeline struct {
	Ended        func(*exchange.Exchange) // is told of every exchange, once; keeps nothing of it; nil for nobody
	Providers    func() *Providers        // of now
	Tokens       *token.Store
	Limits       *limit.Limiter
	Log          *accesslog.Log
	Credentials  *credential.Store
	Upstream     *upstream.Client
	Bodies       *body.Memory    // for what is held back of request bodies
	BodyTimeout  time.Duration   // for a body that is held back, to come
	KeyShapes    scrub.ShapeMode // what becomes of keys that are not ours
	SuspendAfter int             // answers to a token with secrets in them; 0: a token is never suspended
	PublicURL    string          // how agents reach the broker, where the request's own authority isn't that
}
