package upstream

import (
	"io"
	"sync/atomic"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/wire"
)

// upload is a request body on its way, while the answer is awaited or even
// arrives. It ends by itself, or with stop.
type upload struct {
	conn      *watchedConn
	interrupt func()
	done      chan struct{}
	last      atomic.Bool // its last write has begun, so the API may have all of it
	err       error       // once done
	stopped   bool        // stop has ended it, and so err says nothing of the agent
}

func startUpload(conn *watchedConn, body Body) *upload {
	u := &upload{conn: conn, interrupt: body.Interrupt, done: make(chan struct{})}
	go func() {
		if body.Length < 0 {
			u.err = u.copyChunked(body)
		} else {
			u.err = u.copyFixed(body)
		}
		_, cut := u.err.(errUpload)
		close(u.done)
		if cut {
			// The API must not take what it has for a whole request: it gets no
			// end, and the connection goes. Whoever meets that finds u done, and so
			// knows whose doing it was.
			_ = conn.Close()
		}
	}()
	return u
}

// cut says, once stop was called, whether it was the agent who broke off.
func (u *upload) cut() bool {
	_, ok := u.err.(errUpload)
	return ok && !u.stopped
}

// stop ends the upload and says whether it had been whole. A read from the
// agent that hangs is interrupted; one write to the API at most is waited for.
func (u *upload) stop() bool {
	if u.last.Load() {
		// The API has answered, so that write is over, or will soon fail.
		select {
		case <-u.done:
		case <-time.After(lastWrite):
		}
	}
	if u.ended() {
		return u.err == nil
	}
	u.stopped = true
	_ = u.conn.Close()
	if u.interrupt != nil {
		u.interrupt()
	}
	<-u.done
	return false
}

const (
	copyBuffer = 32 << 10
	lastWrite  = time.Second // for a last write to be over, once there is an answer
)

func (u *upload) copyFixed(body Body) error {
	buf := make([]byte, copyBuffer)
	for left := body.Length; left > 0; {
		n, err := body.Reader.Read(buf[:min(left, len(buf))])
		if n > 0 {
			u.last.Store(n == left)
			if _, err := u.conn.top.Write(buf[:n]); err != nil {
				return err
			}
			left -= n
		}
		if err != nil && left > 0 {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return errUpload{err}
		}
	}
	return nil
}

// copyChunked sends each read as a chunk, in one write, so that what the agent
// has sent is at the API as soon as it came. The body's trailers follow it.
func (u *upload) copyChunked(body Body) error {
	chunk := wire.NewChunk(make([]byte, copyBuffer))
	for {
		n, err := body.Reader.Read(chunk.Room())
		if n > 0 {
			if _, err := u.conn.top.Write(chunk.Framed(n)); err != nil {
				return err
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return errUpload{err}
		}
	}
	end := []byte(wire.LastChunk)
	if body.Trailers != nil {
		for _, t := range body.Trailers() {
			end = append(end, t.Name+": "+t.Value+"\r\n"...)
		}
	}
	u.last.Store(true)
	_, err := u.conn.top.Write(append(end, "\r\n"...))
	return err
}

func (u *upload) ended() bool {
	select {
	case <-u.done:
		return true
	default:
		return false
	}
}
