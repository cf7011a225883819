package cost

import (
	"kmatrix/guest/probe/sys"
)

// The ways to stable data that the thread names: what do they cost beside
// splice?
func init() {
	register(path{
		name: "mmap-write", doc: "write from a mapping of a file to a TCP socket", fs: "xfs",
		origin: "L. Torvalds, 2023-07-19 23:20, the first way to stable data: mmap the file, write to the network",
		steps:  []string{mapPass, "write {size} bytes from the mapping to a TCP socket", toReceive},
		copies: []string{"from the mapping into the socket's own pages (copy_from_user)"},
		open: func(b *bench) (work, error) {
			tx, receive, err := b.toTCP(discards)
			return b.mapped(func(file []byte, off int64, n int) error { return all(off, n, write(tx, file, receive)) }), err
		},
	})
	register(path{
		name: "read-vmsplice", doc: "read, vmsplice into a pipe and splice to a TCP socket", fs: "xfs",
		origin: "L. Torvalds, 2023-07-19 23:20, the second way to stable data: read, vmsplice, splice, and leave the buffer alone",
		steps: []string{
			"pread {size} bytes of the file into a buffer, which nobody uses any more: all of it was received",
			"vmsplice the buffer into a pipe", "splice the pipe to a TCP socket", toReceive,
		},
		copies: []string{pagesToBuffer},
		open: func(b *bench) (work, error) {
			p, out, err := b.pipeToTCP()
			if err != nil {
				return work{}, err
			}
			buffer, err := sys.Anonymous(int64(b.size))
			if err != nil {
				return work{}, err
			}
			b.ends = append(b.ends, func() error { return unmap(buffer) })
			return b.operations(func(off int64, n int) error {
				return all(off, n, func(off int64, n int) (int, error) {
					got, err := b.read(buffer[:n], off)
					if err != nil {
						return got, err
					}
					return got, through(0, got, vmsplice(p, buffer, 0), out)
				})
			}), nil
		},
	})
	register(path{
		name: "mmap-write-pipe", doc: "write from a mapping of a file into a pipe and splice to a TCP socket", fs: "xfs",
		origin: "L. Torvalds, 2023-07-19 23:48, the third way to stable data: mmap, write to a pipe, splice",
		steps:  []string{mapPass, "write {size} bytes from the mapping into a pipe", "splice the pipe to a TCP socket", toReceive},
		copies: []string{mappingToPipe},
		open: func(b *bench) (work, error) {
			p, out, err := b.pipeToTCP()
			return b.mapped(func(file []byte, off int64, n int) error { return all(off, n, write(p.W, file, out)) }), err
		},
	})
	register(path{
		name: "mmap-write-tee", doc: "write from a mapping of a file into a pipe, tee, and splice to two TCP sockets", fs: "xfs",
		origin: "L. Torvalds, 2023-07-19 23:48: one stable stream to two connections with one copy",
		steps: []string{
			mapPass, "write {size} bytes from the mapping into a pipe", "tee them into another pipe",
			"splice each pipe to a TCP socket of its own", toReceive, "the bytes count once, though two receive them",
		},
		copies: []string{mappingToPipe},
		open: func(b *bench) (work, error) {
			first, out, err := b.pipeToTCP()
			if err != nil {
				return work{}, err
			}
			second, other, err := b.pipeToTCP()
			return b.mapped(func(file []byte, off int64, n int) error {
				return all(off, n, write(first.W, file, func(n int) error {
					if err := tee(first, second, n); err != nil {
						return err
					}
					if err := out(n); err != nil {
						return err
					}
					return other(n)
				}))
			}), err
		},
	})
}

// mapPass is how the passes of a mapping begin and end.
const mapPass = "at the beginning of a pass maps the file shared, at its end unmaps it, both timed"
