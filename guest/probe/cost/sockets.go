package cost

import (
	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/sys"
)

// Paths from a file to a TCP connection over loopback.
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
	register(path{
		name: "sendfile-tcp", doc: "sendfile from a file to a TCP socket", fs: "xfs",
		origin: "D. Howells, 2023-06-30 16:50: how much is splice used beside sendfile?",
		steps:  []string{"sendfile {size} bytes of the file to a TCP socket", toReceive},
		open: func(b *bench) (work, error) {
			tx, receive, err := b.toTCP()
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
}
