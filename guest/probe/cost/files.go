package cost

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/sys"
)

// Paths from a file into a pipe or a file: the thread's subject, what it is
// compared with, and the call that may do either.
func init() {
	register(path{
		name: "splice-file-pipe", doc: "splice from a file into a pipe", fs: "xfs", cold: true,
		origin: "L. Torvalds, 2023-06-29 17:56 and 2023-07-19 20:16: zero copies are the point of splice; D. Howells, 2023-06-29 15:54, cover letter: taking or copying pages loses performance",
		steps:  []string{"splice {size} bytes of the file into a pipe", toNull},
		open: func(b *bench) (work, error) {
			p, out, err := b.pipeToNull()
			return b.operations(func(off int64, n int) error { return through(off, n, b.spliceIn(p.W), out) }), err
		},
	})
	register(path{
		name: "read-write", doc: "read, and write into a pipe", fs: "xfs", cold: true,
		origin: "L. Torvalds, 2023-06-29 17:56 and 2023-07-19 20:16: who wants a copy uses read and write",
		steps:  []string{"pread {size} bytes of the file into a buffer that is used again and again, and write them into a pipe", toNull},
		copies: []string{pagesToBuffer, bufferToPipe},
		open: func(b *bench) (work, error) {
			p, out, err := b.pipeToNull()
			buffer := make([]byte, b.size)
			return b.operations(func(off int64, n int) error {
				return through(off, n, func(off int64, n int) (int, error) {
					got, err := b.read(buffer[:n], off)
					if err != nil {
						return got, err
					}
					return got, all(0, got, write(p.W, buffer[:got], out))
				}, func(int) error { return nil })
			}), err
		},
	})
	register(path{
		name: "copy-file-range", doc: "copy_file_range into another file", fs: "ext4",
		origin: "D. Howells, 2023-07-24 09:44: copy_file_range falls back to splicing where the file system has nothing better, as ext4 has not",
		steps:  []string{"copy_file_range of {size} bytes to the same place in another file on ext4, whose pages stay dirty in the page cache"},
		copies: []string{"from the page cache of the one file to that of the other, by way of an internal pipe"},
		open: func(b *bench) (work, error) {
			path := b.file.Path + "-copy"
			out, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC|unix.O_CLOEXEC, 0o600)
			if err != nil {
				return work{}, fmt.Errorf("create %s: %w", path, err)
			}
			b.ends = append(b.ends, func() error { return errors.Join(unix.Close(out), unix.Unlink(path)) })
			w := b.operations(func(off int64, n int) error {
				return all(off, n, func(off int64, n int) (int, error) {
					return do("copy_file_range", out, unix.POLLOUT, func() (int, error) {
						from, to := off, off
						return sys.RawCopyFileRange(b.file.In, &from, out, &to, n)
					})
				})
			})
			w.arrived = func() ([]byte, error) {
				got := make([]byte, passBytes)
				n, err := unix.Pread(out, got, 0)
				return got[:max(n, 0)], err
			}
			return w, nil
		},
	})
}

// What ends the operations of most paths.
const (
	toNull    = "splice the pipe to /dev/null, which is timed too"
	toReceive = "the receiver, in the same thread, discards what has arrived (recv with MSG_TRUNC)"
)

// spliceIn splices from the file into the pipe.
func (b *bench) spliceIn(pipe int) step {
	return func(off int64, n int) (int, error) {
		return do("splice the file into the pipe", pipe, unix.POLLOUT, func() (int, error) {
			at := off
			return sys.RawSplice(b.file.In, &at, pipe, n, 0)
		})
	}
}

// read reads from the file.
func (b *bench) read(buffer []byte, off int64) (int, error) {
	return do("read the file", b.file.In, unix.POLLIN, func() (int, error) { return sys.RawPread(b.file.In, buffer, off) })
}

// write is a step that writes bytes to a pipe or a socket, which out empties.
func write(fd int, bytes []byte, out sink) step {
	return func(off int64, n int) (int, error) {
		n, err := do("write", fd, unix.POLLOUT, func() (int, error) { return sys.RawWrite(fd, bytes[off:off+int64(n)]) })
		if err != nil {
			return n, err
		}
		return n, out(n)
	}
}
