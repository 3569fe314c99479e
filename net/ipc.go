// SPDX-License-Identifier: MIT

package mqnet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/seedmq/mq/internal/transport"
)

type ipc struct{}

// maxPath is what fits into the address of a Unix domain socket, in bytes: 108 on
// Linux, 104 elsewhere, less the zero at the end.
const maxPath = len(syscall.RawSockaddrUnix{}.Path) - 1

func (i ipc) listen(at string) (net.Listener, string, error) {
	if at == "*" {
		return i.listenTemporary()
	}
	if err := i.check(at); err != nil {
		return nil, "", err
	}
	ln, err := net.Listen("unix", at)
	if errors.Is(err, syscall.EADDRINUSE) && at[0] != '@' && stale(at) {
		if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, "", err
		}
		ln, err = net.Listen("unix", at)
	}
	if err != nil {
		return nil, "", listenError(err)
	}
	return ln, "ipc://" + at, nil
}

// listenTemporary listens in a directory of its own, which goes with the listener.
func (i ipc) listenTemporary() (net.Listener, string, error) {
	dir, err := os.MkdirTemp("", "mq")
	if err != nil {
		return nil, "", err
	}
	ln, addr, err := i.listen(filepath.Join(dir, "socket"))
	if err != nil {
		os.Remove(dir)
		return nil, "", err
	}
	return temporary{ln, dir}, addr, nil
}

type temporary struct {
	net.Listener
	dir string
}

func (t temporary) Close() error {
	return errors.Join(t.Listener.Close(), os.Remove(t.dir))
}

// stale reports whether path is a socket at which nobody listens: what is left of a
// process that was killed.
func stale(path string) bool {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&fs.ModeSocket == 0 {
		return false
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

func (ipc) check(at string) error {
	switch {
	case at == "*":
		return fmt.Errorf("%w: connect to a path, * is for bind", transport.ErrBadAddr)
	case at == "@":
		return fmt.Errorf("%w: want a name after ipc://@", transport.ErrBadAddr)
	case len(at) > maxPath:
		return fmt.Errorf("%w: path of %d bytes, want at most %d", transport.ErrBadAddr, len(at), maxPath)
	}
	return nil
}

func (ipc) dial(ctx context.Context, at string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", at)
}
