package pipeline

import (
	"errors"
	"io"
	"sync"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// transform is a body as its plugin makes it anew, piece by piece: no more of it
// is in memory than a piece, and what came of it. Reading ends with a fault where
// the guest fails or a check does not hold.
type transform struct {
	body  io.Reader
	left  int64 // of body; below 0 where it isn't known
	guest *plugin.Transform
	// evaluate vets a result and appends what it comes to: RequestBody or
	// ResponseBody of the exchange's session.
	evaluate func(result *plan.Body, input, out []byte) ([]byte, error)
	piece    *[abi.MaxBodyInView]byte
	out      []byte
	sent     int   // of out
	size     int64 // what is still to come out; below 0 where it isn't known
	err      error // how it ended, once it did
}

var pieces = sync.Pool{New: func() any { return new([abi.MaxBodyInView]byte) }}

// transformed is the request's body through its plugin. Its length is made anew:
// it is what the plan says, and where that says nothing it goes in chunks.
func (e *end) transformed(in Incoming, a *admitted) (upstream.Body, error) {
	guest, err := a.plugin.TransformRequest(e.x.Tenant)
	if err != nil {
		return upstream.Body{}, err
	}
	p := a.session.Vetted().Plan()
	size := int64(p.BodySize) - 1
	e.made = &transform{
		body: e.body(&in), left: int64(in.Length), guest: guest, evaluate: a.session.RequestBody,
		piece: pieces.Get().(*[abi.MaxBodyInView]byte), size: size,
	}
	if len(p.BodyContext) > 0 {
		result, err := guest.Context(p.BodyContext)
		if err == nil {
			err = e.made.take(a.session.BodyContext, result, p.BodyContext)
		}
		if err != nil {
			return upstream.Body{}, err
		}
	}
	return upstream.Body{Reader: careful{e.made, e}, Length: int(size), Interrupt: in.Interrupt}, nil
}

// through is an answer's body through its plugin.
func (e *end) through(a *admitted, body io.Reader) (*transform, error) {
	guest, err := a.plugin.TransformResponse(e.x.Tenant)
	if err != nil {
		return nil, err
	}
	e.remade = &transform{
		body: body, left: -1, guest: guest, evaluate: a.session.ResponseBody,
		piece: pieces.Get().(*[abi.MaxBodyInView]byte), size: -1,
	}
	return e.remade, nil
}

func (t *transform) Read(p []byte) (int, error) {
	for t.free() == 0 {
		if t.err != nil {
			return 0, t.err
		}
		t.err = t.next()
	}
	n := copy(p, t.out[t.sent:t.sent+t.free()])
	t.sent += n
	return n, nil
}

// free is how much may leave. Whoever knows the length reads so much and no
// more: the last byte stays until the last check has held.
func (t *transform) free() int {
	n := len(t.out) - t.sent
	if n > 0 && t.size == 0 && t.err == nil {
		n--
	}
	return n
}

// next takes a piece through the guest; io.EOF is its last.
func (t *transform) next() error {
	n, err := t.body.Read(t.piece[:])
	if t.left >= 0 {
		t.left -= int64(n)
	}
	last := err == io.EOF || t.left == 0
	switch {
	case err == io.EOF && t.left > 0:
		return io.ErrUnexpectedEOF
	case err != nil && err != io.EOF || n == 0 && !last:
		return err
	}
	result, err := t.guest.Piece(t.piece[:n], last)
	if err != nil {
		return err
	}
	if err := t.take(t.evaluate, result, t.piece[:n]); err != nil {
		return err
	}
	if !last {
		return nil
	}
	if t.size > 0 {
		return t.wrongLength()
	}
	return io.EOF
}

// take evaluates what the guest made of an input, and keeps what comes of it.
func (t *transform) take(evaluate func(*plan.Body, []byte, []byte) ([]byte, error), result *plan.Body, input []byte) (err error) {
	kept := copy(t.out, t.out[t.sent:])
	t.sent = 0
	if t.out, err = evaluate(result, input, t.out[:kept]); err != nil {
		t.out = nil
		return err
	}
	if t.size >= 0 {
		if t.size -= int64(len(t.out) - kept); t.size < 0 {
			return t.wrongLength()
		}
	}
	return nil
}

func (t *transform) wrongLength() error {
	t.out = nil
	return fault.New(fault.PluginFailed).Because(errors.New("the body came out in another length than its plan says"))
}

// close ends the guest's part. Whoever reads has ended by then.
func (t *transform) close() {
	if t == nil || t.guest == nil {
		return
	}
	t.guest.Close()
	clear(t.piece[:])
	pieces.Put(t.piece)
	t.guest, t.piece = nil, nil
}
