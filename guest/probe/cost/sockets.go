package cost

import (
	"errors"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/sys"
)

// Paths from a file to a TCP connection over loopback: what sendfile saves, and what a
// program does without it. Where a copy's worth lies in the copy itself, and where in the
// buffer that it needs, is the difference between one warm buffer and a fresh one each
// time.
func init() {
	register(path{
		name: "splice-tcp", doc: "splice from a file into a pipe and on to a TCP socket", fs: "xfs",
		origin: "L. Torvalds, 2023-07-19 23:20: splice is zero copy from any source to any destination",
		steps:  []string{"splice {size} bytes of the file into a pipe", "splice the pipe to a TCP socket", toReceive},
		open: func(b *bench) (work, error) {
			p, out, err := b.pipeToTCP()
			return b.operations(func(off int64, n int) error { return through(off, n, b.spliceIn(p.W), out) }), err
		},
	})
	for _, r := range []receiver{discards, reads} {
		register(path{
			name: "sendfile-tcp" + r.suffix, doc: "sendfile from a file to a TCP socket" + r.doc, fs: "xfs",
			origin: "D. Howells, 2023-06-30 16:50: how much is splice used beside sendfile?",
			steps:  []string{"sendfile {size} bytes of the file to a TCP socket", r.step},
			copies: r.copies,
			open: func(b *bench) (work, error) {
				tx, receive, err := b.toTCP(r)
				return b.operations(func(off int64, n int) error {
					return through(off, n, func(off int64, n int) (int, error) {
						return do("sendfile", tx, unix.POLLOUT, func() (int, error) {
							at := off
							return sys.RawSendfile(tx, b.file.In, &at, n)
						})
					}, receive)
				}), err
			},
		})
		register(path{
			name: "read-write-tcp" + r.suffix, doc: "read, and write to a TCP socket" + r.doc, fs: "xfs",
			origin: whyBuffers,
			steps:  []string{"pread {size} bytes of the file into a buffer that is used again and again", "write them to a TCP socket", r.step},
			copies: append([]string{pagesToBuffer, bufferToSocket}, r.copies...),
			open: func(b *bench) (work, error) {
				tx, receive, err := b.toTCP(r)
				buffer := make([]byte, b.size)
				return b.operations(func(off int64, n int) error { return b.readAndSend(buffer[:n], off, tx, receive) }), err
			},
		})
	}
	register(path{
		name: "read-write-tcp-fresh", doc: "read into new memory, and write to a TCP socket", fs: "xfs",
		origin: whyBuffers,
		steps: []string{
			"map {size} bytes of new private memory (mmap)", "pread {size} bytes of the file into it: each page is allocated and cleared by a fault first",
			"write them to a TCP socket", "unmap the memory", toReceive,
		},
		copies: []string{pagesToBuffer, bufferToSocket},
		open: func(b *bench) (work, error) {
			tx, receive, err := b.toTCP(discards)
			return b.operations(func(off int64, n int) error {
				buffer, err := sys.RawAnonymous(n)
				if err != nil {
					return err
				}
				return errors.Join(b.readAndSend(buffer, off, tx, receive), sys.RawUnmap(buffer))
			}), err
		},
	})
}

// whyBuffers is where the question of the buffer comes from.
const whyBuffers = "lkml, June 2026, \"vmsplice: make vmsplice a trivial wrapper for preadv2/pwritev2\": the gain of sendfile may be the user-space buffer that is not needed; a file server's author holds that it is the copy"

// readAndSend reads the file from off on into the buffer, and writes that to a socket,
// whose other end is receive.
func (b *bench) readAndSend(buffer []byte, off int64, tx int, receive sink) error {
	return all(off, len(buffer), func(off int64, n int) (int, error) {
		got, err := b.read(buffer[:n], off)
		if err != nil {
			return got, err
		}
		return got, all(0, got, write(tx, buffer[:got], receive))
	})
}
