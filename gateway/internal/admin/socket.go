package admin

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// maxPath is what fits into a socket's address, with its final NUL (unix(7)).
const maxPath = 107

// listenPrivate makes a unix socket of mode 0600. The umask covers the moment
// between bind and chmod.
func listenPrivate(path string) (*net.UnixListener, error) {
	if len(path) > maxPath {
		return nil, fmt.Errorf("admin socket: the path %s has %d bytes, and a socket's at most %d: choose a shorter data_dir", path, len(path), maxPath)
	}
	old := unix.Umask(0o177)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	unix.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	return l, nil
}

// peerListener accepts connections of this process's own user, and root's.
type peerListener struct{ *net.UnixListener }

func (l peerListener) Accept() (net.Conn, error) {
	for {
		c, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		if uid, err := peerUID(c); err == nil && ours(uid) {
			return c, nil
		}
		_ = c.Close()
	}
}

func ours(uid uint32) bool { return uid == 0 || uid == uint32(os.Getuid()) }

func peerUID(c *net.UnixConn) (uint32, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return 0, err
	}
	if credErr != nil {
		return 0, credErr
	}
	return cred.Uid, nil
}
