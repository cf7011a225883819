package sys

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Pipe is a pipe whose both ends never block.
type Pipe struct{ R, W int }

// NewPipe makes a pipe that holds size bytes.
func NewPipe(size int) (Pipe, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return Pipe{}, fmt.Errorf("pipe2: %w", err)
	}
	p := Pipe{R: fds[0], W: fds[1]}
	got, err := unix.FcntlInt(uintptr(p.W), unix.F_SETPIPE_SZ, size)
	if err == nil && got < size {
		err = fmt.Errorf("the kernel gave %d bytes", got)
	}
	if err != nil {
		p.Close()
		return Pipe{}, fmt.Errorf("make the pipe hold %d bytes: %w", size, err)
	}
	return p, nil
}

// Close frees both ends; what is in the pipe goes with them.
func (p Pipe) Close() {
	_ = unix.Close(p.R) // a pipe's close reports nothing
	_ = unix.Close(p.W)
}

// Drain reads up to len(b) bytes, as many as there are, and returns them.
func (p Pipe) Drain(b []byte) ([]byte, error) {
	for n := 0; ; {
		if n == len(b) {
			return b, nil
		}
		m, err := unix.Read(p.R, b[n:])
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN), err == nil && m == 0:
			return b[:n], nil
		case err != nil:
			return nil, fmt.Errorf("read the pipe: %w", err)
		default:
			n += m
		}
	}
}
