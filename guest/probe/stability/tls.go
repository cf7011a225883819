package stability

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// kTLS in software. A record is encrypted into pages of its own when it is full
// or when the sender says that no more follows (net/tls/tls_sw.c,
// tls_push_record); until then it refers to the pages that it was given. A page
// that changed between encryption and its tag would fail the receiver's check,
// which is errno:EBADMSG here.
func init() {
	const networking = "J. Kicinski, 2023-06-30 00:01: networking assumes that pages may change; TLS asks for an explicit promise that they do not where that could break the encryption"
	for _, c := range []struct {
		name, doc, origin string
		waits             bool
		open              func(r *sys.Recorder, f *source.File, pair sys.Sockets) (move func(off, n int64) error, more func(), err error)
	}{
		{
			name: "sendfile-tls", doc: "sendfile to a kTLS socket whose receiver waits", origin: networking,
			open: func(r *sys.Recorder, f *source.File, pair sys.Sockets) (func(off, n int64) error, func(), error) {
				return func(off, n int64) error { return sys.Repeat(off, n, sendfile(r, f, pair.Tx, "kTLS")) }, nil, nil
			},
		},
		{
			name: "sendfile-tls-past-end", doc: "sendfile of more than there is to a kTLS socket", waits: true,
			origin: "sendfile(2): it reads less than it was asked for, and tells the socket that more follows, so that the record stays open; kTLS ignores that since 5.14 (d452d48b9f8b), and is told of the end since 6.5 (df720d288dbb)",
			open: func(r *sys.Recorder, f *source.File, pair sys.Sockets) (func(off, n int64) error, func(), error) {
				send := sendfile(r, f, pair.Tx, "kTLS")
				return func(off, n int64) error {
					got, err := send(off, n+page)
					return errors.Join(err, missing(got, n))
				}, nil, nil
			},
		},
		{
			name: "splice-tls", doc: "splice into a pipe and on to a kTLS socket whose receiver waits", origin: networking,
			open: func(r *sys.Recorder, f *source.File, pair sys.Sockets) (func(off, n int64) error, func(), error) {
				return spliceToTLS(r, f, pair, 0)
			},
		},
		{
			name: "splice-tls-more", doc: "splice into a pipe and with SPLICE_F_MORE on to a kTLS socket", waits: true,
			origin: networking + ". Until 6.5 kTLS ignores SPLICE_F_MORE here",
			open: func(r *sys.Recorder, f *source.File, pair sys.Sockets) (func(off, n int64) error, func(), error) {
				return spliceToTLS(r, f, pair, unix.SPLICE_F_MORE)
			},
		},
	} {
		register(call{
			name: c.name, doc: c.doc, kind: seals, waits: c.waits, feature: "tls", origin: c.origin,
			open: func(r *sys.Recorder, f *source.File) (carrier, error) {
				pair, err := sys.NewTLS(int(f.Window))
				if err != nil {
					return nil, err
				}
				move, more, err := c.open(r, f, pair)
				if err != nil {
					pair.Close()
					return nil, err
				}
				to := toSocket(pair, move, more).(funcs)
				if c.waits {
					to.read = func(b []byte) ([]byte, error) {
						if err := closeRecord(r, pair); err != nil {
							return nil, err
						}
						return pair.Drain(b)
					}
				}
				return to, nil
			},
		})
	}
}

// closeRecord sends one more byte, after which nothing follows.
func closeRecord(r *sys.Recorder, pair sys.Sockets) error {
	n, err := r.Do("write(kTLS, 1)", func() (int64, error) {
		n, err := unix.Write(pair.Tx, []byte{0})
		return int64(n), err
	})
	return errors.Join(err, missing(n, 1))
}

// spliceToTLS moves by way of a pipe; flags are those of the second splice.
func spliceToTLS(r *sys.Recorder, f *source.File, pair sys.Sockets, flags int) (func(off, n int64) error, func(), error) {
	p, err := sys.NewPipe(int(f.Window))
	if err != nil {
		return nil, nil, err
	}
	in := fileToPipe(r, f, p, 0)
	flags |= unix.SPLICE_F_NONBLOCK
	on := func(_, n int64) (int64, error) {
		return r.Do(fmt.Sprintf("splice(pipe, kTLS, %d, %#x)", n, flags), func() (int64, error) {
			return unix.Splice(p.R, nil, pair.Tx, nil, int(n), flags)
		})
	}
	return relay(in, on), p.Close, nil
}
