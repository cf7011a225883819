package vm

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"kmatrix/guest/wire"
)

const (
	// echoDeadline is how long the bytes that a guest announced may take, and
	// dropDeadline how long none may come for a port to be empty.
	echoDeadline = 5 * time.Second
	dropDeadline = 50 * time.Millisecond
)

// serveEcho follows what the guest asks on the probes' control port, until
// either port closes or the guest asks for what it may not: it then gets no
// more answers. It keeps at most [wire.MaxEcho] bytes.
func serveEcho(data, control net.Conn) {
	for {
		h, err := wire.ReadEchoHeader(control)
		if err != nil {
			return
		}
		var got []byte
		if h.Left, err = buffered(data); err != nil {
			return
		}
		if h.Size == 0 {
			err = drop(data)
		} else {
			got, err = readUpTo(data, int(h.Size))
		}
		if err != nil {
			return
		}
		h.Size = uint64(len(got))
		if _, err := control.Write(append(h.Append(nil), got...)); err != nil {
			return
		}
	}
}

// readUpTo reads n bytes, or those that come in time.
func readUpTo(c net.Conn, n int) ([]byte, error) {
	if err := c.SetReadDeadline(time.Now().Add(echoDeadline)); err != nil {
		return nil, err
	}
	b := make([]byte, n)
	for at := 0; at < n; {
		m, err := c.Read(b[at:])
		at += m
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return b[:at], nil
		}
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

// maxDrop is the most that is dropped at once: more than a port can hold.
const maxDrop = 8 * wire.MaxEcho

// drop reads what there is.
func drop(c net.Conn) error {
	b := make([]byte, 64<<10)
	for dropped := 0; dropped < maxDrop; {
		if err := c.SetReadDeadline(time.Now().Add(dropDeadline)); err != nil {
			return err
		}
		n, err := c.Read(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
		dropped += n
	}
	return nil
}

// buffered counts the bytes that wait to be read (unix(7), SIOCINQ).
func buffered(c net.Conn) (uint64, error) {
	raw, err := c.(*net.UnixConn).SyscallConn()
	if err != nil {
		return 0, err
	}
	var n int
	err = raw.Control(func(fd uintptr) {
		var e error
		if n, e = unix.IoctlGetInt(int(fd), unix.SIOCINQ); e != nil {
			n = 0 // it is closed: reading says so
		}
	})
	return uint64(n), err
}

// shrink makes QEMU's end of a socket pair hold next to nothing on the way to
// us, so that a guest's data wait in the guest. The kernel rounds up to its
// least, 4608 bytes with what it counts beside them (socket(7)).
func shrink(theirs *os.File) error {
	return syscall.SetsockoptInt(int(theirs.Fd()), syscall.SOL_SOCKET, syscall.SO_SNDBUF, 1)
}
