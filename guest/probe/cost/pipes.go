package cost

import (
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/sys"
)

// Paths from one pipe to another, and the floor under all.
func init() {
	register(path{
		name: "splice-pipe-pipe", doc: "splice from a pipe into another",
		origin: "D. Howells, 2023-06-30 16:50: pipe to pipe could take whole pages, and would else have to copy",
		steps:  []string{"splice the {size} bytes that one pipe holds into the other, and in the next operation back"},
		open: func(b *bench) (work, error) {
			from, err := b.full()
			if err != nil {
				return work{}, err
			}
			to, err := b.pipe()
			return b.operations(func(_ int64, n int) error {
				err := all(0, n, func(_ int64, n int) (int, error) {
					return do("splice from pipe to pipe", to.W, unix.POLLOUT, func() (int, error) {
						return sys.RawSplice(from.R, nil, to.W, n, unix.SPLICE_F_NONBLOCK)
					})
				})
				from, to = to, from
				return err
			}), err
		},
	})
	register(path{
		name: "tee", doc: "tee from a pipe into another",
		origin: "D. Howells, 2023-06-30 16:50: tee would have to copy; L. Torvalds, 2023-07-19 23:48: tee hands the same stream to two",
		steps:  []string{"tee the {size} bytes that one pipe holds into another", "splice the other to /dev/null, which is timed too"},
		open: func(b *bench) (work, error) {
			from, err := b.full()
			if err != nil {
				return work{}, err
			}
			to, out, err := b.pipeToNull()
			return b.operations(func(_ int64, n int) error {
				if err := tee(from, to, n); err != nil {
					return err
				}
				return out(n)
			}), err
		},
	})
	const writes = 1000
	probe.Register(describe("write-byte", "a write of one byte into a pipe", "pipe(7): the floor under every operation: what a system call and a pipe's lock cost", perOperation),
		question{
			name: "cost/write-byte/1", per: perOperation, size: 1,
			summary: "time of one write of one byte into a pipe: the floor under an operation of any path",
			steps: []string{
				"before each pass, untimed: reads the pipe until it is empty",
				fmt.Sprintf("a pass writes one byte into a pipe, %d times", writes),
			},
			open: func(b *bench) (work, error) {
				p, err := b.pipe()
				buffer := make([]byte, writes)
				one := write(p.W, buffer[:1], func(int) error { return nil })
				return work{
					units:   writes,
					prepare: func() error { _, err := p.Drain(buffer); return err },
					pass: func() error {
						for range writes {
							if _, err := one(0, 1); err != nil {
								return err
							}
						}
						return nil
					},
				}, err
			},
		}.probe())
}

// full makes a pipe that holds an operation's bytes.
func (b *bench) full() (sys.Pipe, error) {
	p, err := b.pipe()
	if err != nil {
		return p, err
	}
	return p, all(0, b.size, write(p.W, make([]byte, b.size), func(int) error { return nil }))
}

// tee duplicates the n bytes that a pipe holds. It cannot go on where it ended:
// it begins at the first byte each time.
func tee(from, to sys.Pipe, n int) error {
	got, err := do("tee", to.W, unix.POLLOUT, func() (int, error) {
		return sys.RawTee(from.R, to.W, n, unix.SPLICE_F_NONBLOCK)
	})
	if err == nil && got != n {
		err = fmt.Errorf("tee duplicated %d bytes of %d", got, n)
	}
	return err
}
