package load

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// socket is a connected TCP socket, outside Go's own poller: reads and writes
// are plain system calls, so that the load costs little beside what it measures.
type socket int

// dial connects to host:port.
func dial(address string) (socket, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return 0, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	s := socket(fd)
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}); err != nil {
		s.close()
		return 0, fmt.Errorf("connect to %s: %w", address, err)
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		s.close()
		return 0, err
	}
	// A peer that says nothing for so long has failed: the run ends.
	patience := unix.NsecToTimeval(stall.Nanoseconds())
	for _, option := range []int{unix.SO_RCVTIMEO, unix.SO_SNDTIMEO} {
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, option, &patience); err != nil {
			s.close()
			return 0, err
		}
	}
	return s, nil
}

// read reads what is there, and waits for it on a socket that may block. 0 bytes
// are the peer's end.
func (s socket) read(p []byte) (int, error) {
	for {
		n, err := unix.Read(int(s), p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// write writes all of p.
func (s socket) write(p []byte) error {
	for len(p) > 0 {
		n, err := unix.Write(int(s), p)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return err
		default:
			p = p[n:]
		}
	}
	return nil
}

func (s socket) close() { _ = unix.Close(int(s)) }
