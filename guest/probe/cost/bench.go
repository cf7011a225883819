package cost

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// bench is what a path is carried out with; what it makes it frees at its end.
type bench struct {
	// size is what an operation moves.
	size int
	// file is the source, nil for a path without one.
	file *source.File
	ends []func() error
	// check is what compares bytes at the end of a path, see [bench.verify].
	check checker
}

// close frees all, what was made last first.
func (b *bench) close() error {
	var errs []error
	for i := len(b.ends) - 1; i >= 0; i-- {
		errs = append(errs, b.ends[i]())
	}
	if b.file != nil {
		errs = append(errs, b.file.Close())
	}
	return errors.Join(errs...)
}

// pipe makes a pipe that holds an operation's bytes, and no less than a pipe
// does by itself.
func (b *bench) pipe() (sys.Pipe, error) {
	p, err := sys.NewPipe(max(b.size, 64<<10))
	if err == nil {
		b.ends = append(b.ends, func() error { p.Close(); return nil })
	}
	return p, err
}

// tcp makes a connection over loopback that holds an operation's bytes.
func (b *bench) tcp() (sys.Sockets, error) {
	s, err := sys.NewTCP(b.size)
	if err == nil {
		b.ends = append(b.ends, func() error { s.Close(); return nil })
	}
	return s, err
}

// null opens /dev/null, which splice moves a pipe's pages to at no cost of its
// own.
func (b *bench) null() (int, error) {
	fd, err := unix.Open(os.DevNull, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", os.DevNull, err)
	}
	b.ends = append(b.ends, func() error { return unix.Close(fd) })
	return fd, nil
}

// pipeToNull makes a pipe and the sink that empties it: a splice to /dev/null.
func (b *bench) pipeToNull() (sys.Pipe, sink, error) {
	p, err := b.pipe()
	if err != nil {
		return p, nil, err
	}
	null, err := b.null()
	return p, b.checked(p.R, func(n int) error {
		return all(0, n, func(_ int64, n int) (int, error) {
			return do("splice the pipe to /dev/null", p.R, unix.POLLIN, func() (int, error) {
				return sys.RawSplice(p.R, nil, null, n, 0)
			})
		})
	}), err
}

// pipeToTCP makes a pipe and the sink that empties it: a splice to a connection, whose
// receiver discards.
func (b *bench) pipeToTCP() (sys.Pipe, sink, error) {
	p, err := b.pipe()
	if err != nil {
		return p, nil, err
	}
	tx, receive, err := b.toTCP(discards)
	return p, func(n int) error {
		return through(0, n, func(_ int64, n int) (int, error) {
			return do("splice the pipe to the socket", tx, unix.POLLOUT, func() (int, error) {
				return sys.RawSplice(p.R, nil, tx, n, 0)
			})
		}, receive)
	}, err
}

// receiver is what becomes of what arrives at a connection.
type receiver struct {
	// suffix ends the names of paths, doc their sentences, and step is what it does.
	suffix, doc, step string
	// copies are those that it makes, see [path].
	copies []string
	// call receives up to len(b) bytes.
	call func(fd int, b []byte) (int, error)
}

// Reading is a copy that is not the sender's, so that most receivers discard. What the
// whole way costs until a program has the data is seen with one that reads.
var (
	discards = receiver{step: toReceive, call: func(fd int, b []byte) (int, error) { return sys.RawDiscard(fd, len(b)) }}
	reads    = receiver{
		suffix: "-recv", doc: ", whose receiver reads what arrives",
		step:   "the receiver, in the same thread, reads what has arrived into a buffer that it uses again and again (recv)",
		copies: []string{"from the socket to the receiver's buffer (copy_to_user)"},
		call:   sys.RawRecv,
	}
)

// toTCP makes a connection and the sink at its other end.
func (b *bench) toTCP(r receiver) (tx int, receive sink, err error) {
	s, err := b.tcp()
	buffer := make([]byte, b.size)
	return s.Tx, b.checked(s.Rx, func(n int) error {
		return all(0, n, func(_ int64, n int) (int, error) {
			return do("receive", s.Rx, unix.POLLIN, func() (int, error) { return r.call(s.Rx, buffer[:n]) })
		})
	}), err
}

// dropCache drops the file from the page cache.
func (b *bench) dropCache() error { return b.file.DropCache() }

// operations makes a pass over the file of operations, for each of which op
// moves n bytes from off on.
func (b *bench) operations(op func(off int64, n int) error) work {
	return work{units: passBytes, pass: func() error {
		for off := 0; off < passBytes; off += b.size {
			if err := op(int64(off), b.size); err != nil {
				return err
			}
		}
		return nil
	}}
}

// step moves up to n bytes from off on, and tells how many; a sink takes n bytes
// out of what a step has moved them into.
type (
	step func(off int64, n int) (int, error)
	sink func(n int) error
)

// through moves n bytes from off on by in, and each time what it has moved by
// out, before in goes on.
func through(off int64, n int, in step, out sink) error {
	return all(off, n, func(off int64, n int) (int, error) {
		moved, err := in(off, n)
		if err == nil && moved > 0 {
			err = out(moved)
		}
		return moved, err
	})
}

// all moves n bytes from off on.
func all(off int64, n int, move step) error {
	for n > 0 {
		moved, err := move(off, n)
		if err != nil {
			return err
		}
		if moved <= 0 {
			return fmt.Errorf("the data ended %d bytes early, at %d", n, off)
		}
		off, n = off+int64(moved), n-moved
	}
	return nil
}

// stallTimeout is how long a call may have nothing to move: a delayed acknowledgement takes
// 200 ms.
const stallTimeout = 2 * time.Second

// do makes a call, again when it was interrupted, and waits where it cannot go
// on yet: that is time that the path costs, and a voluntary switch.
func do(what string, fd int, events int16, call func() (int, error)) (int, error) {
	for {
		n, err := call()
		switch {
		case err == nil:
			return n, nil
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			ready, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: events}}, int(stallTimeout.Milliseconds()))
			if err == nil && ready == 0 {
				return 0, fmt.Errorf("%s: nothing moved in %s", what, stallTimeout)
			}
			if err != nil && !errors.Is(err, unix.EINTR) {
				return 0, fmt.Errorf("%s: poll: %w", what, err)
			}
		default:
			return n, fmt.Errorf("%s: %w", what, err)
		}
	}
}
