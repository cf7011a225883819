// Package stability asks whether data that a call has moved can still change.
//
// The definition is Matthew Wilcox's, in the thread that kmatrix began with
// (2023-06-29 18:34): after the call has returned, later changes of the source
// are not seen at the destination. A source is filled with a pattern and brought
// into a state of caching (package source), a call (a file each, see call.go)
// moves it to a destination, a mutation (mutations.go) changes the source, and
// what the destination then delivers is held against the source as it is by then
// (source.Observe), and the source against what it must hold (source.File.Kept). Which of all combinations are
// asked is decided by the rules of rules.go.
package stability

import (
	"cmp"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/fuse"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

// ask runs a stability probe of a file.
func (q question) ask(env *probe.Env) (found probe.Finding, err error) {
	dir, err := env.Dir(q.place.fs)
	if err != nil {
		return probe.Finding{}, err
	}
	if q.place.fs == fuse.FileSystem {
		if _, err := fuse.Start(dir); err != nil {
			return probe.Finding{}, err
		}
	}
	f, err := q.makeFile(dir)
	if err != nil {
		return probe.Finding{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	before, _ := sys.CountPages()
	s, err := q.see(env, f)
	if err != nil {
		return probe.Finding{}, err
	}
	detail := cmp.Or(s.failure, before.Since())
	// The destination is closed by now: nothing keeps the file's pages in the cache.
	state, wrong, err := f.Kept(s.cached, s.must, q.place.disk)
	if err != nil {
		return probe.Finding{}, err
	}
	s.Source = state
	return probe.Finding{Detail: cmp.Or(wrong, detail), Finding: matrix.Finding{Observation: &s.Observation}}, nil
}

// makeFile makes the source, of huge pages where those are asked for.
func (q question) makeFile(dir string) (*source.File, error) {
	if q.place.fs != "tmpfs-huge" {
		return source.Make(dir, q.state)
	}
	before, err := source.HugePages()
	if err != nil {
		return nil, err
	}
	f, err := source.Make(dir, q.state)
	if err != nil {
		return nil, err
	}
	now, err := source.HugePages()
	if err == nil && int64(now-before) < q.state.Size>>10 {
		err = &probe.PreconditionError{Reason: fmt.Sprintf("the kernel gave %d KiB in huge pages to a file of %d KiB", now-before, q.state.Size>>10)}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// sight is what the destination delivered, and what was read of the source by then.
type sight struct {
	matrix.Observation
	// failure is the call that failed, "" if none did.
	failure string
	// cached is the source's window, read through its page cache, and must what it must
	// hold.
	cached, must []byte
}

// see moves the file's window, mutates, and reads the destination, which it closes.
func (q question) see(env *probe.Env, f *source.File) (saw sight, err error) {
	r := &sys.Recorder{}
	open := q.call.open
	if q.call.openIn != nil {
		open = func(r *sys.Recorder, f *source.File) (carrier, error) { return q.call.openIn(env, r, f) }
	}
	to, err := open(r, f)
	if err != nil {
		return sight{}, err
	}
	defer func() { err = errors.Join(err, to.close()) }()

	start := f.Size - f.Window
	saw.must = source.Old()[start:f.Size]
	got, order, err := q.carry(f, to)
	if err != nil {
		return saw.failed(r, f, err)
	}
	target := f
	if d, ok := to.(mutable); ok {
		target = d.mutated()
	} else {
		saw.must = q.mutation.edit(f.State).After(f.Size, start)
	}
	if err := q.mutation.apply(r, target); err != nil {
		return sight{}, err
	}
	if got, err = to.drain(got); err != nil {
		return saw.failed(r, f, err)
	}
	if saw.cached, err = f.Reread(start); err != nil {
		return sight{}, err
	}
	after := saw.cached
	if target != f {
		if after, err = target.Reread(start); err != nil {
			return sight{}, err
		}
	}
	saw.Observation = source.Observe(got, after, start, f.Window)
	saw.Calls, saw.FolioOrder = r.Calls, order
	return saw, nil
}

// carry moves the file to the destination up to its end, and returns room for a window and
// the order of the folio that the mutation will aim at.
func (q question) carry(f *source.File, to carrier) (buffer []byte, order *int, err error) {
	buffer = make([]byte, f.Window)
	if f.Cold {
		// Readahead needs the whole way in sequence.
		if err := approach(f, to, buffer); err != nil {
			return nil, nil, err
		}
	}
	if err := to.carry(f.Size-f.Window, f.Window); err != nil {
		return nil, nil, err
	}
	// Before, whoever takes pages away would see that somebody had mapped them.
	if q.call.kind == copies || q.call.kind == clones {
		order, err = f.Order(f.Target())
	} else {
		order, err = f.CheckOrder(q.place.largeFolios())
	}
	return buffer, order, err
}

// approach moves the file up to its window to the destination, a window at a
// time, and checks what arrives: nothing has changed yet.
func approach(f *source.File, to carrier, buffer []byte) error {
	for off := int64(0); off < f.Size-f.Window; off += f.Window {
		if err := to.carry(off, f.Window); err != nil {
			return err
		}
		got, err := to.drain(buffer)
		if err != nil {
			return err
		}
		if o := source.ObserveAlone(got, off, f.Window); o.Class != matrix.Stable {
			return fmt.Errorf("before any mutation the file's bytes at %d are %s", off, o.Class)
		}
	}
	return nil
}

// failed tells a call under test that failed, which is an observation, from all else.
func (saw sight) failed(r *sys.Recorder, f *source.File, err error) (sight, error) {
	o, failure, err := failed(r, err)
	if err != nil {
		return sight{}, err
	}
	saw.Observation, saw.failure = o, failure
	saw.cached, err = f.Reread(f.Size - f.Window)
	return saw, err
}

// failed makes an observation of a call under test that failed, and says which it is.
func failed(r *sys.Recorder, err error) (matrix.Observation, string, error) {
	var call *sys.CallError
	if !errors.As(err, &call) {
		return matrix.Observation{}, "", err
	}
	return matrix.Observation{Class: matrix.ErrnoClass(unix.ErrnoName(call.Errno)), FirstOffset: -1, Calls: r.Calls}, call.Error(), nil
}

// failure makes a finding of a call under test that failed.
func failure(r *sys.Recorder, err error) (probe.Finding, error) {
	o, said, err := failed(r, err)
	if err != nil {
		return probe.Finding{}, err
	}
	return probe.Finding{Detail: said, Finding: matrix.Finding{Observation: &o}}, nil
}
