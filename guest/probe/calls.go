package probe

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/matrix"
)

// callError is a system call that failed.
type callError struct {
	call  string
	errno unix.Errno
}

func (e *callError) Error() string { return fmt.Sprintf("%s: %s", e.call, unix.ErrnoName(e.errno)) }
func (e *callError) Unwrap() error { return e.errno }

// recorder keeps the calls of a probe with what they returned.
type recorder struct{ calls []matrix.Call }

// do carries out a call, again while it is interrupted, and records it. The
// error is a *callError.
func (r *recorder) do(name string, call func() (int64, error)) (int64, error) {
	for {
		n, err := call()
		if errors.Is(err, unix.EINTR) {
			continue
		}
		c := matrix.Call{Name: name, Return: n, Count: 1}
		var errno unix.Errno
		if err != nil {
			if !errors.As(err, &errno) {
				return n, fmt.Errorf("%s: %w", name, err)
			}
			c.Return, c.Errno = -1, unix.ErrnoName(errno)
			err = &callError{call: name, errno: errno}
		}
		if last := len(r.calls) - 1; last >= 0 && r.calls[last].Name == c.Name && r.calls[last].Return == c.Return && r.calls[last].Errno == c.Errno {
			r.calls[last].Count++
		} else {
			r.calls = append(r.calls, c)
		}
		return n, err
	}
}

// pipe is a pipe whose both ends never block: what does not fit, or is not
// there, is an EAGAIN to see and not a probe that stands still.
type pipe struct{ r, w int }

func newPipe(size int) (pipe, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return pipe{}, fmt.Errorf("pipe2: %w", err)
	}
	p := pipe{r: fds[0], w: fds[1]}
	got, err := unix.FcntlInt(uintptr(p.w), unix.F_SETPIPE_SZ, size)
	if err == nil && got < size {
		err = fmt.Errorf("the kernel gave %d bytes", got)
	}
	if err != nil {
		p.close()
		return pipe{}, fmt.Errorf("make the pipe hold %d bytes: %w", size, err)
	}
	return p, nil
}

// close frees both ends; what is in the pipe goes with them.
func (p pipe) close() {
	_ = unix.Close(p.r) // a pipe's close reports nothing
	_ = unix.Close(p.w)
}

// drain reads up to len(b) bytes, as many as there are, and returns them.
func (p pipe) drain(b []byte) ([]byte, error) {
	for n := 0; ; {
		if n == len(b) {
			return b, nil
		}
		m, err := unix.Read(p.r, b[n:])
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
