package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"kmatrix/guest/wire"
)

// line is the connection to the host. Reading and writing each have a
// goroutine of their own with plain blocking calls on a locked thread: on a
// virtio port, a blocking write beside the runtime's poll can lose the wakeup
// and hang the guest.
type line struct {
	in, out int
	reads   chan []byte
	rest    []byte
	writes  chan []byte
	wrote   chan error
	mu      sync.Mutex
	closed  chan struct{}
	once    sync.Once
}

// newLine serves the two descriptors, which must be in blocking mode. Both may
// be the same.
func newLine(in, out int) *line {
	l := &line{in: in, out: out, reads: make(chan []byte), writes: make(chan []byte), wrote: make(chan error), closed: make(chan struct{})}
	go l.reader()
	go l.writer()
	return l
}

func (l *line) reader() {
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

func (l *line) writer() {
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
func (l *line) Read(b []byte) (int, error) {
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
func (l *line) Write(b []byte) (int, error) {
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
func (l *line) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// The rest makes a net.Conn of it, which x/crypto/ssh asks for. Deadlines are
// the host's.

type address struct{}

func (address) Network() string { return "port" }
func (address) String() string  { return "kmatrix" }

func (*line) LocalAddr() net.Addr              { return address{} }
func (*line) RemoteAddr() net.Addr             { return address{} }
func (*line) SetDeadline(time.Time) error      { return nil }
func (*line) SetReadDeadline(time.Time) error  { return nil }
func (*line) SetWriteDeadline(time.Time) error { return nil }

// portsDeadline is how long ports may take to appear once their driver is
// there: it asks the host for them.
const portsDeadline = 5 * time.Second

// openLine finds the two virtio ports by their names or, in a kernel without
// virtio_console, opens the second serial line.
func openLine() (*line, string, error) {
	if _, err := os.Stat("/sys/bus/virtio/drivers/virtio_console"); err == nil {
		l, err := openPorts()
		if err == nil {
			return l, wire.TransportVirtio, nil
		}
		complain(fmt.Errorf("%w; taking %s", err, wire.SerialDevice))
	}
	fd, err := openRaw(wire.SerialDevice)
	if err != nil {
		return nil, "", fmt.Errorf("the kernel has no virtio_console, and the second serial line: %w", err)
	}
	return newLine(fd, fd), wire.TransportISA, nil
}

func openPorts() (*line, error) {
	fds := map[string]int{wire.PortToGuest: -1, wire.PortToHost: -1}
	for end := time.Now().Add(portsDeadline); ; time.Sleep(2 * time.Millisecond) {
		names, err := filepath.Glob("/sys/class/virtio-ports/*/name")
		if err != nil {
			return nil, fmt.Errorf("look for ports: %w", err)
		}
		missing := 0
		for want, fd := range fds {
			if fd < 0 {
				fds[want] = openPort(names, want)
			}
			if fds[want] < 0 {
				missing++
			}
		}
		if missing == 0 {
			return newLine(fds[wire.PortToGuest], fds[wire.PortToHost]), nil
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("no virtio ports %s and %s within %s", wire.PortToGuest, wire.PortToHost, portsDeadline)
		}
	}
}

// openPort opens the port of that name; -1 when it is not there yet.
func openPort(names []string, want string) int {
	for _, file := range names {
		name, err := os.ReadFile(file)
		if err != nil || strings.TrimSpace(string(name)) != want {
			continue
		}
		fd, err := unix.Open("/dev/"+filepath.Base(filepath.Dir(file)), unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err == nil {
			return fd
		}
	}
	return -1
}

// openRaw opens a serial line that passes every byte as it is
// (cfmakeraw(3)).
func openRaw(device string) (int, error) {
	fd, err := unix.Open(device, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", device, err)
	}
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return -1, fmt.Errorf("read the settings of %s: %w", device, err)
	}
	t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB|unix.CBAUD) | unix.CS8 | unix.CLOCAL | unix.CREAD | unix.B115200
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, t); err != nil {
		return -1, fmt.Errorf("make %s raw: %w", device, err)
	}
	return fd, nil
}
