package stability

import (
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// Sendfile, and splice by way of a pipe, to sockets whose receivers are held
// back: what is under way still refers to the file's pages.
func init() {
	register(call{
		name: "sendfile-pipe", doc: "sendfile into a pipe", kind: relays,
		origin: "sendfile(2): zero-copy support of pipes; 5.10.262 copies into them, 6.1 hands on the pages as splice does",
		open: func(r *sys.Recorder, f *source.File) (carrier, error) {
			p, err := sys.NewPipe(int(f.Window))
			if err != nil {
				return nil, err
			}
			return funcs{
				move: func(off, n int64) error { return sys.Repeat(off, n, sendfile(r, f, p.W, "pipe")) },
				read: p.Drain,
				end:  func() error { p.Close(); return nil },
			}, nil
		},
	})
	for _, s := range sockets {
		register(call{
			name: "sendfile-" + s.name, doc: "sendfile to " + s.doc + " whose receiver waits", kind: relays,
			origin: "sendfile(2): the file must stay unmodified until the other end has consumed it; M. Whitlock, 2023-07-19 23:41",
			open: func(r *sys.Recorder, f *source.File) (carrier, error) {
				pair, err := s.open(int(f.Window))
				if err != nil {
					return nil, err
				}
				return toSocket(pair, func(off, n int64) error { return sys.Repeat(off, n, sendfile(r, f, pair.Tx, "socket")) }, nil), nil
			},
		})
		register(call{
			name: "splice-" + s.name, doc: "splice into a pipe and on to " + s.doc + " whose receiver waits", kind: relays,
			origin: "D. Howells, 2023-06-29 15:54, cover letter: data that splice queues for a socket may change before they are sent",
			open: func(r *sys.Recorder, f *source.File) (carrier, error) {
				p, pair, err := pipeAndSockets(f, s.open)
				if err != nil {
					return nil, err
				}
				in, on := fileToPipe(r, f, p, 0), pipeTo(r, p, pair.Tx, "socket")
				return toSocket(pair, relay(in, on), p.Close), nil
			},
		})
	}
}

// pipeAndSockets opens a pipe and a connection that hold a window each.
func pipeAndSockets(f *source.File, open func(size int) (sys.Sockets, error)) (sys.Pipe, sys.Sockets, error) {
	p, err := sys.NewPipe(int(f.Window))
	if err != nil {
		return sys.Pipe{}, sys.Sockets{}, err
	}
	pair, err := open(int(f.Window))
	if err != nil {
		p.Close()
	}
	return p, pair, err
}

// sockets are the kinds of connections that data are sent through.
var sockets = []struct {
	name, doc string
	open      func(size int) (sys.Sockets, error)
}{
	{"tcp", "a TCP socket", sys.NewTCP},
	{"unix", "a unix socket", sys.NewUnix},
}

// sendfile sends from the file.
func sendfile(r *sys.Recorder, f *source.File, out int, what string) func(off, n int64) (int64, error) {
	return func(off, n int64) (int64, error) {
		return r.Do(fmt.Sprintf("sendfile(%s, file, %d)", what, n), func() (int64, error) {
			at := off
			n, err := unix.Sendfile(out, f.In, &at, int(n))
			return int64(n), err
		})
	}
}

// toSocket returns a carrier that ends at a socket; more frees what else it has, and may be
// nil.
func toSocket(pair sys.Sockets, move func(off, n int64) error, more func()) carrier {
	return funcs{move: move, read: pair.Drain, end: func() error {
		pair.Close()
		if more != nil {
			more()
		}
		return nil
	}}
}
