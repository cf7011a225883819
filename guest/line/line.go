// Package line is the guest's connection to the host: two virtio ports, one for each
// direction, or a serial line.
//
// It uses none of the calls under test: all is plain read and write.
package line

import (
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Line is the connection to the host, a [net.Conn]. Reading and writing each have a
// goroutine of their own with plain blocking calls on a locked thread: on a
// virtio port, a blocking write beside the runtime's poll can lose the wakeup
// and hang the guest.
type Line struct {
	in, out int
	reads   chan []byte
	rest    []byte
	writes  chan []byte
	wrote   chan error
	mu      sync.Mutex
	closed  chan struct{}
	once    sync.Once
}

// New serves the two descriptors, which must be in blocking mode. Both may
// be the same.
func New(in, out int) *Line {
	l := &Line{in: in, out: out, reads: make(chan []byte), writes: make(chan []byte), wrote: make(chan error), closed: make(chan struct{})}
	go l.reader()
	go l.writer()
	return l
}

func (l *Line) reader() {
	runtime.LockOSThread()
	defer close(l.reads)
	for {
		b := make([]byte, 16<<10)
		n, err := unix.Read(l.in, b)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return
		}
		select {
		case l.reads <- b[:n]:
		case <-l.closed:
			return
		}
	}
}

func (l *Line) writer() {
	runtime.LockOSThread()
	for {
		select {
		case b := <-l.writes:
			l.wrote <- writeAll(l.out, b)
		case <-l.closed:
			return
		}
	}
}

func writeAll(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := unix.Write(fd, b)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		b = b[max(n, 0):]
	}
	return nil
}

// Read reads from the host; io.EOF when the host has closed.
func (l *Line) Read(b []byte) (int, error) {
	if len(l.rest) == 0 {
		select {
		case next, ok := <-l.reads:
			if !ok {
				return 0, io.EOF
			}
			l.rest = next
		case <-l.closed:
			return 0, net.ErrClosed
		}
	}
	n := copy(b, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// Write writes to the host and returns when all is written.
func (l *Line) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.writes <- b:
	case <-l.closed:
		return 0, net.ErrClosed
	}
	if err := <-l.wrote; err != nil {
		return 0, err
	}
	return len(b), nil
}

// Close ends reading and writing. The descriptors stay open: a thread may be
// blocked in them, and the guest ends soon.
func (l *Line) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// The rest makes a net.Conn of it, which x/crypto/ssh asks for. Deadlines are
// the host's.

type address struct{}

func (address) Network() string { return "port" }
func (address) String() string  { return "kmatrix" }

func (*Line) LocalAddr() net.Addr              { return address{} }
func (*Line) RemoteAddr() net.Addr             { return address{} }
func (*Line) SetDeadline(time.Time) error      { return nil }
func (*Line) SetReadDeadline(time.Time) error  { return nil }
func (*Line) SetWriteDeadline(time.Time) error { return nil }
