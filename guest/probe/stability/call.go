package stability

import (
	"kmatrix/guest/probe"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// call is a way that data take, and what is known of it beforehand.
type call struct {
	// name stands in the probes' names, doc in their sentences: "splice into a
	// pipe".
	name, doc string
	// origin says who in the thread asks for it, or which manual page.
	origin string
	// kind decides which mutations, file systems and states it is asked with.
	kind kind
	// waits reports whether the data stay as they are until more follows: they must
	// be less than what fills a record.
	waits bool
	// feature names what the kernel needs for it, "" for nothing that it could
	// lack.
	feature string
	// elsewhere says what the mutation is made to in the source's place, see
	// [mutable]; "" for the source.
	elsewhere string
	// since is the first kernel that must be able to, "" for "5.10".
	since string
	// open makes the destination, which holds a window of the source. A call
	// that needs to know where it is has openIn in its place.
	open   func(r *sys.Recorder, f *source.File) (carrier, error)
	openIn func(env *probe.Env, r *sys.Recorder, f *source.File) (carrier, error)
}

// kind is what a call does with the source's pages, as far as it decides what is
// worth asking.
type kind int

const (
	// refers: the call takes references to pages out of the page cache.
	refers kind = iota
	// relays: it passes on what a call that refers has put into a pipe, or is
	// the same code behind another entry.
	relays
	// steals: it takes pages away from the file where it can.
	steals
	// seals: it encrypts them, a record at a time.
	seals
	// clones: it makes another file.
	clones
	// copies: the data go through user space or are copied on the way in; these
	// are the controls.
	copies
)

// carrier is a call with its destination, for one probe.
type carrier interface {
	// carry moves n bytes of the source from off on to the destination. A call
	// that fails is a [*sys.CallError].
	carry(off, n int64) error
	// drain reads what has arrived into b, as much as there is.
	drain(b []byte) ([]byte, error)
	// close frees the destination.
	close() error
}

// mutable is a carrier whose destination is what the mutation is made to, in the
// source's place.
type mutable interface{ mutated() *source.File }

// relay moves data in by one call, and each time all that was moved on by another.
func relay(in, on func(off, n int64) (int64, error)) func(off, n int64) error {
	return func(off, n int64) error {
		return sys.Repeat(off, n, func(off, n int64) (int64, error) {
			moved, err := in(off, n)
			if err != nil || moved == 0 {
				return moved, err
			}
			return moved, sys.Repeat(0, moved, on)
		})
	}
}

// funcs is a carrier made of functions; end may be nil.
type funcs struct {
	move func(off, n int64) error
	read func(b []byte) ([]byte, error)
	end  func() error
}

func (c funcs) carry(off, n int64) error       { return c.move(off, n) }
func (c funcs) drain(b []byte) ([]byte, error) { return c.read(b) }
func (c funcs) close() error {
	if c.end == nil {
		return nil
	}
	return c.end()
}
