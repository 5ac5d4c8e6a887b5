package pipeline

import (
	"io"
	"net/netip"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/policy"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/token"
)

// Incoming is a request as the listener received it. Its body is valid until the
// Reply's body is closed; its strings never change.
type Incoming struct {
	request.Raw
	Provider string    // whose listener this is; "" for the shared ones
	Body     io.Reader // nil for none
	Length   int       // of the body; -1 where it isn't known
	ClientIP netip.Addr

	// What the listener can do for a request that goes on; each may be nil.
	Trailers  func() []request.Header // behind a chunked body, once it has ended
	Interrupt func()                  // ends a Read of the body that hangs
	Watch     func(abort func())      // calls abort when the agent has gone
	// Interim sends an interim answer, such as 103.
	Interim func(status int, reason string, headers []request.Header)
}

// Reply is what the agent gets. Body is nil for none; else closing it, which
// the listener always does, ends the exchange.
type Reply struct {
	Status  int
	Reason  string // status text; "" for the usual one
	Headers []request.Header
	Length  int // of the body; -1 where it isn't known
	Body    io.ReadCloser
	// Trailers are those behind the body, once it has been read to its end; nil
	// where there can be none.
	Trailers func() []request.Header
	Close    bool // the connection can't be used again
	Slow     bool // nothing of the body has come yet, so the head should not wait for it
}

// admitted is what a request may do, once policy has allowed it.
type admitted struct {
	plugin  *plugin.Plugin
	session *expr.Session
	line    apply.Line
	grant   token.Grant
	permit  policy.Permit
}
