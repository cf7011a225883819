package stability

import (
	"bytes"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// The controls: reading and writing, and the recipes for stable data that the
// thread names (L. Torvalds, 2023-07-19 23:20 and 23:48). What was copied cannot
// be seen to change, on any kernel: one that is not stable is a mistake in the
// probes, or a kernel to report at once.
func init() {
	register(call{
		name: "read-write", doc: "read, and write into a pipe", kind: copies,
		origin: "read(2), write(2): both copy",
		open:   openReadWrite,
	})
	register(call{
		name: "mmap-write", doc: "write from a mapping to a TCP socket whose receiver waits", kind: copies,
		origin: "L. Torvalds, 2023-07-19 23:20, the first way to stable data: mmap the file, write to the network",
		open: func(r *sys.Recorder, f *source.File) (carrier, error) {
			pair, err := sys.NewTCP(int(f.Window))
			if err != nil {
				return nil, err
			}
			return toSocket(pair, mapAndWrite(r, f, pair.Tx, "socket"), nil), nil
		},
	})
	register(call{
		name: "read-vmsplice", doc: "read, vmsplice into a pipe and splice to a TCP socket whose receiver waits", kind: copies,
		origin: "L. Torvalds, 2023-07-19 23:20, the second way to stable data: read, vmsplice, splice, and leave the buffer alone",
		open:   openReadVmsplice,
	})
	register(call{
		name: "mmap-write-pipe", doc: "write from a mapping into a pipe and splice to a TCP socket whose receiver waits", kind: copies,
		origin: "L. Torvalds, 2023-07-19 23:48, the third way to stable data: mmap, write to a pipe, splice",
		open: func(r *sys.Recorder, f *source.File) (carrier, error) {
			p, pair, err := pipeAndSockets(f, sys.NewTCP)
			if err != nil {
				return nil, err
			}
			in, on := mapAndWrite(r, f, p.W, "pipe"), pipeTo(r, p, pair.Tx, "socket")
			return toSocket(pair, func(off, n int64) error {
				if err := in(off, n); err != nil {
					return err
				}
				return sys.Repeat(0, n, on)
			}, p.Close), nil
		},
	})
	register(call{
		name: "mmap-write-tee", doc: "write from a mapping into a pipe, tee, and splice both to TCP sockets whose receivers wait", kind: copies,
		origin: "L. Torvalds, 2023-07-19 23:48: one stable stream to two connections with one copy",
		open:   openMmapWriteTee,
	})
}

func openReadWrite(r *sys.Recorder, f *source.File) (carrier, error) {
	p, err := sys.NewPipe(int(f.Window))
	if err != nil {
		return nil, err
	}
	buffer := make([]byte, f.Window)
	return funcs{
		move: func(off, n int64) error {
			return sys.Repeat(off, n, func(off, n int64) (int64, error) {
				got, err := read(r, f, buffer[:n], off)
				if err != nil {
					return got, err
				}
				return got, write(r, p.W, "pipe", buffer[:got])
			})
		},
		read: p.Drain,
		end:  func() error { p.Close(); return nil },
	}, nil
}

// read reads from the file.
func read(r *sys.Recorder, f *source.File, b []byte, off int64) (int64, error) {
	return r.Do(fmt.Sprintf("pread(file, %d)", len(b)), func() (int64, error) {
		n, err := unix.Pread(f.In, b, off)
		return int64(n), err
	})
}

// write writes all of b.
func write(r *sys.Recorder, out int, what string, b []byte) error {
	return sys.Repeat(0, int64(len(b)), func(off, n int64) (int64, error) {
		return r.Do(fmt.Sprintf("write(%s, %d)", what, n), func() (int64, error) {
			m, err := unix.Write(out, b[off:])
			return int64(m), err
		})
	})
}

// mapAndWrite maps the part of the file and writes from the mapping.
func mapAndWrite(r *sys.Recorder, f *source.File, out int, what string) func(off, n int64) error {
	return func(off, n int64) error {
		m, err := unix.Mmap(f.In, off, int(n), unix.PROT_READ, unix.MAP_SHARED)
		if err != nil {
			return fmt.Errorf("map the file: %w", err)
		}
		return errors.Join(write(r, out, what, m), unix.Munmap(m))
	}
}

func openReadVmsplice(r *sys.Recorder, f *source.File) (carrier, error) {
	p, pair, err := pipeAndSockets(f, sys.NewTCP)
	if err != nil {
		return nil, err
	}
	// A buffer may be under way until the receiver has it: none is used again.
	var buffers [][]byte
	on := pipeTo(r, p, pair.Tx, "socket")
	c := funcs{
		move: func(off, n int64) error {
			b, err := sys.Anonymous(n)
			if err != nil {
				return err
			}
			buffers = append(buffers, b)
			if got, err := read(r, f, b, off); err != nil || got != n {
				return errors.Join(err, missing(got, n))
			}
			if err := vmspliceAll(r, p, b, 0); err != nil {
				return err
			}
			return sys.Repeat(0, n, on)
		},
		read: pair.Drain,
		end: func() error {
			pair.Close()
			p.Close()
			var errs []error
			for _, b := range buffers {
				errs = append(errs, unix.Munmap(b))
			}
			return errors.Join(errs...)
		},
	}
	return c, nil
}

// missing returns the error of data that end early, nil where they do not.
func missing(got, want int64) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("the data ended %d bytes early", want-got)
}

func openMmapWriteTee(r *sys.Recorder, f *source.File) (carrier, error) {
	first, second, end, err := twoPipes(f)
	if err != nil {
		return nil, err
	}
	var pairs [2]sys.Sockets
	for i := range pairs {
		if pairs[i], err = sys.NewTCP(int(f.Window)); err != nil {
			if i > 0 {
				pairs[0].Close()
			}
			return nil, closing(end, err)
		}
	}
	in := mapAndWrite(r, f, first.W, "pipe")
	return funcs{
		move: func(off, n int64) error {
			if err := in(off, n); err != nil {
				return err
			}
			if err := tee(r, first, second, n); err != nil {
				return err
			}
			if err := sys.Repeat(0, n, pipeTo(r, first, pairs[0].Tx, "socket")); err != nil {
				return err
			}
			return sys.Repeat(0, n, pipeTo(r, second, pairs[1].Tx, "socket"))
		},
		read: func(b []byte) ([]byte, error) {
			other, err := pairs[1].Drain(make([]byte, len(b)))
			if err != nil {
				return nil, err
			}
			got, err := pairs[0].Drain(b)
			if err == nil && !bytes.Equal(got, other) {
				err = errors.New("the two sockets received different data")
			}
			return got, err
		},
		end: func() error { pairs[0].Close(); pairs[1].Close(); return end() },
	}, nil
}

// closing returns err with the error of end, which frees what was opened before.
func closing(end func() error, err error) error { return errors.Join(err, end()) }
