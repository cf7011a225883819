package cost

import (
	"errors"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/sys"
)

// Paths from a process's memory into a pipe. The memory is new for each pass,
// since who gives pages away must not use them again: both ways begin alike.
func init() {
	for _, c := range []struct {
		name, doc, origin string
		flags             int
	}{
		{"vmsplice", "vmsplice of private memory into a pipe", "L. Torvalds, 2023-06-29 17:56 and 18:42: zero copies are the point of vmsplice; it might as well be write, but not slower", 0},
		{"vmsplice-gift", "vmsplice with SPLICE_F_GIFT of private memory into a pipe", "D. Howells, 2023-06-29 15:54, patch 2/4: take gifted pages out of the process, or copy; L. Torvalds, 2023-06-29 18:19: that costs more than the copy", unix.SPLICE_F_GIFT},
	} {
		register(path{
			name: c.name, doc: c.doc, origin: c.origin,
			before: "maps new private memory and writes to every page of it",
			steps:  []string{"vmsplice {size} bytes of it into a pipe", toNull},
			open: func(b *bench) (work, error) {
				p, out, err := b.pipeToNull()
				var memory []byte
				b.ends = append(b.ends, func() error { return unmap(memory) })
				w := b.operations(func(off int64, n int) error { return through(off, n, vmsplice(p, memory, c.flags), out) })
				w.prepare = func() error {
					err := unmap(memory)
					memory = nil
					if err != nil {
						return err
					}
					if memory, err = sys.Anonymous(passBytes); err != nil {
						return err
					}
					for at := 0; at < len(memory); at += sys.PageSize {
						memory[at] = 1
					}
					return nil
				}
				return w, err
			},
		})
	}
}

// unmap ends a mapping, if there is one.
func unmap(memory []byte) error {
	if memory == nil {
		return nil
	}
	return unix.Munmap(memory)
}

// vmsplice splices memory into a pipe.
func vmsplice(p sys.Pipe, memory []byte, flags int) step {
	return func(off int64, n int) (int, error) {
		return do("vmsplice", p.W, unix.POLLOUT, func() (int, error) {
			return sys.RawVmsplice(p.W, memory[off:off+int64(n)], flags|unix.SPLICE_F_NONBLOCK)
		})
	}
}

// mapped makes passes over the file as it is mapped, of operations that move its
// bytes from off on; mapping and unmapping it are a part of the pass.
func (b *bench) mapped(op func(file []byte, off int64, n int) error) work {
	var file []byte
	w := b.operations(func(off int64, n int) error { return op(file, off, n) })
	operations := w.pass
	w.pass = func() (err error) {
		if file, err = unix.Mmap(b.file.In, 0, passBytes, unix.PROT_READ, unix.MAP_SHARED); err != nil {
			return err
		}
		return errors.Join(operations(), unix.Munmap(file))
	}
	return w
}
