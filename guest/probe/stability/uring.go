package stability

import (
	"fmt"

	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// The same calls, made by io_uring's workers.
func init() {
	register(call{
		name: "uring-splice", doc: "splice into a pipe by io_uring", kind: relays,
		origin: "io_uring_enter(2): IORING_OP_SPLICE, since 5.7",
		open: func(r *sys.Recorder, f *source.File) (carrier, error) {
			ring, err := sys.NewRing()
			if err != nil {
				return nil, err
			}
			p, err := sys.NewPipe(int(f.Window))
			if err != nil {
				return nil, closing(ring.Close, err)
			}
			return funcs{
				move: func(off, n int64) error { return sys.Repeat(off, n, uringSplice(r, ring, f, p)) },
				read: p.Drain,
				end:  func() error { p.Close(); return ring.Close() },
			}, nil
		},
	})
	register(call{
		name: "uring-tee", doc: "splice into a pipe and tee into another by io_uring", kind: relays,
		origin: "io_uring_enter(2): IORING_OP_TEE, since 5.8",
		open: func(r *sys.Recorder, f *source.File) (carrier, error) {
			ring, err := sys.NewRing()
			if err != nil {
				return nil, err
			}
			first, second, end, err := twoPipes(f)
			if err != nil {
				return nil, closing(ring.Close, err)
			}
			scratch := make([]byte, f.Window)
			return funcs{
				move: func(off, n int64) error {
					if err := sys.Repeat(off, n, uringSplice(r, ring, f, first)); err != nil {
						return err
					}
					got, err := r.Do(fmt.Sprintf("io_uring tee(pipe, pipe, %d)", n), func() (int64, error) { return ring.Tee(first.R, second.W, int(n)) })
					if err == nil && got != n {
						err = fmt.Errorf("tee duplicated %d bytes of %d", got, n)
					}
					return err
				},
				read: func(b []byte) ([]byte, error) {
					if _, err := first.Drain(scratch[:len(b)]); err != nil {
						return nil, err
					}
					return second.Drain(b)
				},
				end: func() error { return closing(ring.Close, end()) },
			}, nil
		},
	})
}

func uringSplice(r *sys.Recorder, ring *sys.Ring, f *source.File, p sys.Pipe) func(off, n int64) (int64, error) {
	return func(off, n int64) (int64, error) {
		return r.Do(fmt.Sprintf("io_uring splice(file, pipe, %d)", n), func() (int64, error) { return ring.Splice(f.In, off, p.W, int(n)) })
	}
}
