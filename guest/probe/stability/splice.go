package stability

import (
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// Splice from the file into a pipe, the thread's subject, and what passes the
// pipe's pages on.
func init() {
	register(call{
		name: "splice", doc: "splice into a pipe", kind: refers,
		origin: "M. Wilcox, 2023-06-29 18:34: after splice has returned, is a later change of the file seen in the pipe?",
		open:   func(r *sys.Recorder, f *source.File) (carrier, error) { return openSplice(r, f, 0) },
	})
	register(call{
		name: "splice-move", doc: "splice with SPLICE_F_MOVE into a pipe", kind: relays,
		origin: "splice(2): SPLICE_F_MOVE is a hint to move pages instead of copying them, and a no-op since 2.6.21",
		open: func(r *sys.Recorder, f *source.File) (carrier, error) {
			return openSplice(r, f, unix.SPLICE_F_MOVE)
		},
	})
	register(call{
		name: "splice-pipe-pipe", doc: "splice into a pipe and from there into another", kind: relays,
		origin: "splice(2), both ends pipes: the pages change hands as they are",
		open:   openSplicePipePipe,
	})
	register(call{
		name: "tee", doc: "splice into a pipe, and tee into another", kind: relays,
		origin: "L. Torvalds, 2023-07-19 23:48: tee duplicates a stream, so that both pipes hold the same pages",
		open:   openTee,
	})
}

// fileToPipe splices from the file into a pipe.
func fileToPipe(r *sys.Recorder, f *source.File, p sys.Pipe, flags int) func(off, n int64) (int64, error) {
	flags |= unix.SPLICE_F_NONBLOCK
	return func(off, n int64) (int64, error) {
		return r.Do(fmt.Sprintf("splice(file, pipe, %d, %#x)", n, flags), func() (int64, error) {
			at := off
			return unix.Splice(f.In, &at, p.W, nil, int(n), flags)
		})
	}
}

// pipeTo splices from a pipe into a pipe or socket.
func pipeTo(r *sys.Recorder, p sys.Pipe, out int, what string) func(off, n int64) (int64, error) {
	return func(_, n int64) (int64, error) {
		return r.Do(fmt.Sprintf("splice(pipe, %s, %d, NONBLOCK)", what, n), func() (int64, error) {
			return unix.Splice(p.R, nil, out, nil, int(n), unix.SPLICE_F_NONBLOCK)
		})
	}
}

func openSplice(r *sys.Recorder, f *source.File, flags int) (carrier, error) {
	p, err := sys.NewPipe(int(f.Window))
	if err != nil {
		return nil, err
	}
	return funcs{
		move: func(off, n int64) error { return sys.Repeat(off, n, fileToPipe(r, f, p, flags)) },
		read: p.Drain,
		end:  func() error { p.Close(); return nil },
	}, nil
}

// twoPipes makes pipes that hold a window each.
func twoPipes(f *source.File) (first, second sys.Pipe, end func() error, err error) {
	if first, err = sys.NewPipe(int(f.Window)); err != nil {
		return first, second, nil, err
	}
	if second, err = sys.NewPipe(int(f.Window)); err != nil {
		first.Close()
		return first, second, nil, err
	}
	return first, second, func() error { first.Close(); second.Close(); return nil }, nil
}

func openSplicePipePipe(r *sys.Recorder, f *source.File) (carrier, error) {
	first, second, end, err := twoPipes(f)
	if err != nil {
		return nil, err
	}
	in, on := fileToPipe(r, f, first, 0), pipeTo(r, first, second.W, "pipe")
	return funcs{
		move: relay(in, on),
		read: second.Drain, end: end,
	}, nil
}

func openTee(r *sys.Recorder, f *source.File) (carrier, error) {
	first, second, end, err := twoPipes(f)
	if err != nil {
		return nil, err
	}
	scratch := make([]byte, f.Window)
	return funcs{
		move: func(off, n int64) error {
			if err := sys.Repeat(off, n, fileToPipe(r, f, first, 0)); err != nil {
				return err
			}
			return tee(r, first, second, n)
		},
		read: func(b []byte) ([]byte, error) {
			// The original is read as well, so that the pipe is free again.
			if _, err := first.Drain(scratch[:len(b)]); err != nil {
				return nil, err
			}
			return second.Drain(b)
		},
		end: end,
	}, nil
}

// tee duplicates the n bytes that a pipe holds. It cannot be repeated: it begins
// at the first byte each time.
func tee(r *sys.Recorder, from, to sys.Pipe, n int64) error {
	got, err := r.Do(fmt.Sprintf("tee(pipe, pipe, %d, NONBLOCK)", n), func() (int64, error) {
		return unix.Tee(from.R, to.W, int(n), unix.SPLICE_F_NONBLOCK)
	})
	if err == nil && got != n {
		err = fmt.Errorf("tee duplicated %d bytes of %d", got, n)
	}
	return err
}
