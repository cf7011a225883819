package sys

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Sockets are a connected pair: what is sent at Tx waits at Rx until somebody
// reads it. Neither end blocks.
type Sockets struct{ Tx, Rx int }

// NewUnix makes a pair of unix(7) stream sockets that hold size bytes.
func NewUnix(size int) (Sockets, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return Sockets{}, fmt.Errorf("socketpair: %w", err)
	}
	s := Sockets{Tx: fds[0], Rx: fds[1]}
	if err := sizeBuffers(s.Tx, size); err != nil {
		s.Close()
		return Sockets{}, err
	}
	return s, nil
}

// NewTCP makes a connection over the loopback device that holds size bytes.
func NewTCP(size int) (s Sockets, err error) {
	if err := loopback(); err != nil {
		return Sockets{}, err
	}
	s = Sockets{Tx: -1, Rx: -1}
	defer func() {
		if err != nil {
			s.Close()
			err = fmt.Errorf("connect over loopback: %w", err)
		}
	}()
	listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return s, err
	}
	defer unix.Close(listener) //nolint:errcheck // it holds no data
	// The window is offered at the beginning, so that the listener needs the
	// buffers already.
	if err := errors.Join(sizeBuffers(listener, size), unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(listener, 1)); err != nil {
		return s, err
	}
	address, err := unix.Getsockname(listener)
	if err != nil {
		return s, err
	}
	if s.Tx, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return s, err
	}
	// The end of the data must not wait for more.
	if err := errors.Join(sizeBuffers(s.Tx, size), unix.SetsockoptInt(s.Tx, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1), unix.Connect(s.Tx, address)); err != nil {
		return s, err
	}
	if s.Rx, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK); err != nil {
		return s, err
	}
	return s, unix.SetNonblock(s.Tx, true)
}

// sizeBuffers gives a socket buffers for size bytes and for what the kernel counts beside
// them, which is up to a page for a byte.
func sizeBuffers(fd, size int) error {
	for _, option := range []int{unix.SO_SNDBUFFORCE, unix.SO_RCVBUFFORCE} {
		err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 4*size+1<<20)
		if errors.Is(err, unix.EPERM) {
			// Outside of a guest the limits of the machine hold.
			err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, map[int]int{unix.SO_SNDBUFFORCE: unix.SO_SNDBUF, unix.SO_RCVBUFFORCE: unix.SO_RCVBUF}[option], 4*size+1<<20)
		}
		if err != nil {
			return fmt.Errorf("size a socket's buffers for %d bytes: %w", size, err)
		}
	}
	return nil
}

// Close frees both ends; what is between them goes with them.
func (s Sockets) Close() {
	for _, fd := range []int{s.Tx, s.Rx} {
		if fd >= 0 {
			_ = unix.Close(fd) // what would not arrive is not waited for
		}
	}
}

// arrivalTimeout is how long the bytes of a connection may take to arrive: a delayed
// acknowledgement takes 200 ms.
const arrivalTimeout = 2 * time.Second

// Drain reads len(b) bytes and returns them, or those that have arrived when no more
// arrive within two seconds. Data that do not pass kTLS's check are a [*CallError].
func (s Sockets) Drain(b []byte) ([]byte, error) {
	for n := 0; ; {
		if n == len(b) {
			return b, nil
		}
		m, err := unix.Read(s.Rx, b[n:])
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			ready, err := unix.Poll([]unix.PollFd{{Fd: int32(s.Rx), Events: unix.POLLIN}}, int(arrivalTimeout.Milliseconds()))
			if err != nil && !errors.Is(err, unix.EINTR) {
				return nil, fmt.Errorf("wait for the socket: %w", err)
			}
			if err == nil && ready == 0 {
				return b[:n], nil
			}
		case errors.Is(err, unix.EBADMSG):
			// kTLS: what arrived is not what was encrypted.
			return nil, &CallError{Call: "read(socket)", Errno: unix.EBADMSG}
		case err != nil:
			return nil, fmt.Errorf("read the socket: %w", err)
		case m == 0:
			return b[:n], nil
		default:
			n += m
		}
	}
}

// loopback brings the loopback device up, which a guest's PID 1 has no need of.
var loopback = sync.OnceValue(func() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("bring the loopback device up: %w", err)
	}
	defer unix.Close(fd) //nolint:errcheck // it was only asked
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("bring the loopback device up: %w", err)
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, request); err != nil {
		return fmt.Errorf("ask for the loopback device: %w", err)
	}
	if flags := request.Uint16(); flags&unix.IFF_UP == 0 {
		request.SetUint16(flags | unix.IFF_UP)
		if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request); err != nil {
			return fmt.Errorf("bring the loopback device up: %w", err)
		}
	}
	return nil
})
