package stress

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/load"
	"kmatrix/guest/probe/sys"
)

// resize has the file's bytes move through two pipes whose sizes change.
func (c *churn) resize(ctx context.Context, env *probe.Env) (err error) {
	first, err := sys.NewPipe(sys.PageSize)
	if err != nil {
		return err
	}
	defer first.Close()
	second, err := sys.NewPipe(sys.PageSize)
	if err != nil {
		return err
	}
	defer second.Close()
	out, err := unix.Open(c.scratch, unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("create another file: %w", err)
	}
	defer func() { err = errors.Join(err, unix.Close(out), unix.Unlink(c.scratch)) }()
	in, sizes := int64(0), rand.New(rand.NewPCG(5, 0))
	return load.Run(ctx, env.Budget, nil,
		func(func() bool) error {
			n, err := c.t.Splice(c.f.In, in, first, min(128<<10, c.f.Size-in))
			if n == 0 {
				load.Yield()
			}
			in = (in + n) % c.f.Size
			return err
		},
		func(func() bool) error {
			_, err := sys.Retry(func() (int64, error) {
				return unix.Splice(first.R, nil, second.W, nil, 100_000, unix.SPLICE_F_NONBLOCK)
			})
			if errors.Is(err, unix.EAGAIN) {
				load.Yield()
				return nil
			}
			return c.t.Fail("splice(pipe, pipe)", err)
		},
		func(func() bool) error {
			p, size := first, sys.PageSize<<sizes.IntN(9)
			if sizes.IntN(2) == 0 {
				p = second
			}
			_, err := unix.FcntlInt(uintptr(p.W), unix.F_SETPIPE_SZ, size)
			if errors.Is(err, unix.EBUSY) {
				load.Yield() // it holds more than that
				return nil
			}
			c.t.Count("resized", 1)
			return c.t.Fail("fcntl(F_SETPIPE_SZ)", err)
		},
		c.receive(second, out))
}

// receive returns the round that reads the pipe, by itself or by way of the
// other file, and checks that the bytes come in their order.
func (c *churn) receive(p sys.Pipe, out int) func(func() bool) error {
	buffer, at, rng := make([]byte, 128<<10), int64(0), rand.New(rand.NewPCG(6, 0))
	return func(func() bool) error {
		part := buffer[:min(int64(len(buffer)), c.f.Size-at, 1+rng.Int64N(int64(len(buffer))))]
		var got []byte
		var err error
		if rng.IntN(2) == 0 {
			got, err = p.Drain(part)
		} else {
			got, err = c.byFile(p, out, part)
		}
		if err != nil {
			return err
		}
		if len(got) == 0 {
			load.Yield()
			return nil
		}
		c.t.Exact(got, at, int64(len(got)))
		at = (at + int64(len(got))) % c.f.Size
		return nil
	}
}

// byFile splices what the pipe holds, up to len(b) bytes, into the file, and
// reads it there.
func (c *churn) byFile(p sys.Pipe, out int, b []byte) ([]byte, error) {
	n, err := sys.Retry(func() (int64, error) {
		at := int64(0)
		return unix.Splice(p.R, nil, out, &at, len(b), unix.SPLICE_F_NONBLOCK)
	})
	switch {
	case errors.Is(err, unix.EAGAIN):
		return nil, nil
	case err != nil:
		return nil, c.t.Fail("splice(pipe, file)", err)
	}
	c.t.Count("splices into a file", 1)
	for read := int64(0); read < n; {
		m, err := sys.Retry(func() (int64, error) {
			m, err := unix.Pread(out, b[read:n], read)
			return int64(m), err
		})
		if err != nil || m == 0 {
			return nil, fmt.Errorf("read the other file at %d of %d: %w", read, n, err)
		}
		read += m
	}
	return b[:n], nil
}
