package stress

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/load"
	"kmatrix/guest/probe/sys"
)

// close closes pipes under load.
func (c *churn) close(ctx context.Context, env *probe.Env) error {
	var workers []func(func() bool) error
	for i := range uint64(2) {
		rng, buffer := rand.New(rand.NewPCG(2, i)), make([]byte, c.f.Window)
		workers = append(workers, func(func() bool) error { return c.closeOne(rng, buffer) })
	}
	return load.Run(ctx, env.Budget, nil, workers...)
}

// closeOne makes a pipe, uses it and closes it. Of its two ends, only the one that nobody
// uses is closed early: another pipe may get the number of a descriptor that is free.
func (c *churn) closeOne(rng *rand.Rand, buffer []byte) error {
	p, err := sys.NewPipe(int(c.f.Window))
	if err != nil {
		return err
	}
	q, err := sys.NewPipe(int(c.f.Window))
	if err != nil {
		p.Close()
		return err
	}
	defer q.Close()
	off := rng.Int64N((c.f.Size-c.f.Window)/sys.PageSize) * sys.PageSize
	n, err := c.t.Splice(c.f.In, off, p, sys.PageSize+rng.Int64N(c.f.Window-2*sys.PageSize))
	if err != nil || n == 0 {
		p.Close()
		return err
	}
	idle, used := p.R, p.W
	out := rng.IntN(2) == 0
	moved := int64(0)
	var use func() error
	if out {
		idle, used = p.W, p.R
		use = func() (err error) {
			for moved < n {
				m, err := sys.Retry(func() (int64, error) { return unix.Splice(p.R, nil, q.W, nil, 3000, unix.SPLICE_F_NONBLOCK) })
				if errors.Is(err, unix.EAGAIN) {
					return nil // parts of pages are more buffers than the pipe has
				}
				if err != nil || m == 0 {
					return c.t.Fail("splice(pipe, pipe)", err)
				}
				moved += m
			}
			return nil
		}
	} else {
		if moved, err = c.t.Tee(p, q, n); err != nil {
			p.Close()
			return err
		}
		use = func() error {
			for {
				at := off
				m, err := sys.Retry(func() (int64, error) {
					return unix.Splice(c.f.In, &at, p.W, nil, 3000, unix.SPLICE_F_NONBLOCK)
				})
				switch {
				case errors.Is(err, unix.EPIPE), errors.Is(err, unix.EAGAIN):
					return nil // no reader any more; the pipe is full
				case err != nil || m == 0:
					return c.t.Fail("splice(file, pipe)", err)
				}
			}
		}
	}
	var done sync.WaitGroup
	done.Go(func() { err = load.Recover(use) })
	time.Sleep(time.Duration(rng.IntN(100)) * time.Microsecond)
	_ = unix.Close(idle) // a pipe's close reports nothing
	done.Wait()
	_ = unix.Close(used)
	if err != nil {
		return err
	}
	got, err := q.Drain(buffer[:moved])
	if err != nil {
		return err
	}
	c.t.Exact(got, off, moved)
	c.t.Count("pipes closed", 1)
	return nil
}
