package sys

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/wire"
)

// PortFeature is what a kernel needs for a [Port].
const PortFeature = "virtio-port"

// Port is a virtio port whose other end the host reads when it is told to.
// Plain system calls serve it: the runtime's poll can lose a wakeup there.
type Port struct {
	// FD is written to; it does not block.
	FD      int
	control int
	number  uint64
}

// portDeadline is how long a port may take to appear.
const portDeadline = 2 * time.Second

// OpenPort returns the worker's port, empty.
var OpenPort = sync.OnceValues(func() (*Port, error) {
	p := &Port{}
	var err error
	if p.FD, err = openPort(wire.PortProbe, unix.O_RDWR|unix.O_NONBLOCK); err != nil {
		return nil, err
	}
	if p.control, err = openPort(wire.PortProbeControl, unix.O_RDWR); err != nil {
		return nil, errors.Join(err, unix.Close(p.FD))
	}
	// Numbers of another worker's requests are not ours.
	p.number = uint64(time.Now().UnixNano())
	// What another worker has left behind goes.
	if _, err := p.Echo(nil, 0); err != nil {
		return nil, err
	}
	return p, nil
})

func openPort(want string, flags int) (int, error) {
	for end := time.Now().Add(portDeadline); ; time.Sleep(2 * time.Millisecond) {
		names, err := filepath.Glob("/sys/class/virtio-ports/*/name")
		if err != nil {
			return -1, fmt.Errorf("look for ports: %w", err)
		}
		for _, file := range names {
			if name, err := os.ReadFile(file); err != nil || strings.TrimSpace(string(name)) != want {
				continue
			}
			fd, err := unix.Open("/dev/"+filepath.Base(filepath.Dir(file)), flags|unix.O_CLOEXEC, 0)
			if errors.Is(err, unix.EBUSY) && time.Now().Before(end) {
				break // the worker before this one is going
			}
			if err != nil {
				return -1, fmt.Errorf("open the port %s: %w", want, err)
			}
			return fd, nil
		}
		if len(names) == 0 || time.Now().After(end) {
			return -1, &probe.UnsupportedError{Reason: "there is no virtio port " + want}
		}
	}
}

// Echo has the host read len(b) bytes from the port and send them back into b:
// those that came. Those from waiting on must not have left the guest before.
func (p *Port) Echo(b []byte, waiting int64) ([]byte, error) {
	p.number++
	ask := wire.EchoHeader{Number: p.number, Size: uint64(len(b))}
	if _, err := portIO(p.control).Write(ask.Append(nil)); err != nil {
		return nil, fmt.Errorf("ask the host for what arrived: %w", err)
	}
	for {
		h, err := wire.ReadEchoHeader(portIO(p.control))
		if err != nil {
			return nil, err
		}
		got := b
		if h.Number != ask.Number || h.Size > uint64(len(b)) {
			got = make([]byte, h.Size) // the answer to another worker
		}
		if _, err := io.ReadFull(portIO(p.control), got[:h.Size]); err != nil {
			return nil, fmt.Errorf("read what the host received: %w", err)
		}
		if h.Number != ask.Number {
			continue
		}
		if len(b) > 0 && h.Left > uint64(waiting) {
			return nil, fmt.Errorf("%d bytes had left the guest before the host was to read any", h.Left)
		}
		return got[:h.Size], nil
	}
}

// portIO reads and writes a port with blocking calls.
type portIO int

func (p portIO) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(int(p), b)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err == nil && n == 0 && len(b) > 0 {
			err = io.EOF
		}
		return max(n, 0), err
	}
}

func (p portIO) Write(b []byte) (int, error) {
	for at := 0; at < len(b); {
		n, err := unix.Write(int(p), b[at:])
		if err != nil && !errors.Is(err, unix.EINTR) {
			return at, err
		}
		at += max(n, 0)
	}
	return len(b), nil
}
