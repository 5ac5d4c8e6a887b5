package pipeline

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// counter is a request body, with how much of it was read and how that ended.
type counter struct {
	r   io.Reader
	n   int64
	err error // not nil, not io.EOF
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// outgoing is the request body as it goes upstream, counted as it comes.
func (e *end) outgoing(in Incoming, injected apply.Injected, a *admitted) (upstream.Body, error) {
	e.sent = time.Now()
	switch {
	case injected.Body() != nil: // edited: its length is made anew
		return upstream.Body{Reader: bytes.NewReader(injected.Body()), Length: len(injected.Body())}, nil
	case in.Body == nil && value(in.Headers, "Content-Length") != "":
		return upstream.Body{Reader: http.NoBody}, nil // it says that it has none, and so does what goes on
	case in.Body == nil:
		return upstream.Body{}, nil
	case a.session.Vetted().Plan().BodyMode == abi.BodyTransform:
		return e.transformed(in, a)
	}
	out := upstream.Body{Reader: careful{e.body(&in), e}, Length: in.Length, Interrupt: in.Interrupt}
	if in.Trailers != nil {
		out.Trailers = func() []request.Header { return token.Trailers(in.Trailers()) }
	}
	return out, nil
}

// body is the request's body, whatever was held back of it first.
func (e *end) body(in *Incoming) io.Reader {
	if e.held != nil {
		return e.held
	}
	e.in = &counter{r: in.Body}
	return e.in
}

// fill holds up to limit bytes of the body back, and says whether that is all
// of it.
func (e *end) fill(in *Incoming, limit int) (whole bool, err error) {
	if e.held == nil {
		e.held = e.p.Bodies.Hold(e.body(in), in.Length)
	}
	if in.Interrupt != nil {
		timer := time.AfterFunc(e.p.BodyTimeout, in.Interrupt)
		defer func() {
			// Where it has fired, nothing more can be read from this connection.
			if !timer.Stop() {
				err = fault.Newf(fault.BadRequest, "the request's body did not come within %s: send it at once", e.p.BodyTimeout)
			}
		}()
	}
	whole, err = e.held.Fill(limit)
	var ours *fault.Fault
	if err != nil && !errors.As(err, &ours) {
		err = broken(err)
	}
	return whole, err
}

// blame says what was wrong with a request's body, where that is why the request
// did not get through. Else a read that failed was only ended with the upload.
func (e *end) blame(err error) error {
	switch {
	case e.broke != nil:
		return e.broke
	case e.in == nil || fault.From(err).Code != fault.BadRequest:
		return err
	case e.in.err != nil:
		return broken(e.in.err)
	case e.made != nil && e.made.err != nil:
		var ours *fault.Fault
		if errors.As(e.made.err, &ours) {
			return ours // what the plugin made of it, or did not
		}
		return broken(e.made.err)
	}
	return err
}

func broken(err error) error {
	return fault.Newf(fault.BadRequest, "the request's body ended early or is framed wrongly: send it again, whole").Because(err)
}
