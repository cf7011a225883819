// Package stability asks whether data that a call has moved can still change.
//
// The definition is Matthew Wilcox's, in the thread that kmatrix began with
// (2023-06-29 18:34): after the call has returned, later changes of the source
// are not seen at the destination. A source is filled with a pattern and brought
// into a state of caching (package source), a call (a file each, see call.go)
// moves it to a destination, a mutation (mutations.go) changes the source, and
// what the destination then delivers is compared with the source as it is by then
// (source.Observe), and the source with what it must hold (source.File.Kept). The rules
// of rules.go decide which of all combinations are asked.
package stability

import (
	"cmp"
	"errors"
	"fmt"

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
	d, err := q.deliver(env, f)
	if err != nil {
		return probe.Finding{}, err
	}
	detail := cmp.Or(d.failure, before.Since())
	// The destination is closed by now: nothing keeps the file's pages in the cache.
	state, wrong, err := f.Kept(d.cached, d.must, q.place.disk)
	if err != nil {
		return probe.Finding{}, err
	}
	d.Source = state
	return probe.Finding{Detail: cmp.Or(wrong, detail), Finding: matrix.Finding{Observation: &d.Observation}}, nil
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

// delivery is what the destination delivered, and what was read of the source by then.
type delivery struct {
	matrix.Observation
	// failure is the call that failed, "" if none did.
	failure string
	// cached is the source's window, read through its page cache, and must what it must
	// hold.
	cached, must []byte
}

// deliver moves the file's window, mutates, and reads the destination, which it closes.
func (q question) deliver(env *probe.Env, f *source.File) (d delivery, err error) {
	r := &sys.Recorder{}
	open := q.call.open
	if q.call.openIn != nil {
		open = func(r *sys.Recorder, f *source.File) (carrier, error) { return q.call.openIn(env, r, f) }
	}
	to, err := open(r, f)
	if err != nil {
		return delivery{}, err
	}
	defer func() { err = errors.Join(err, to.close()) }()

	start := f.Size - f.Window
	d.must = source.Old()[start:f.Size]
	got, order, err := q.carry(f, to)
	if err != nil {
		return d.failed(r, f, err)
	}
	target := f
	if m, ok := to.(mutable); ok {
		target = m.mutated()
	} else {
		d.must = q.mutation.edit(f.State).After(f.Size, start)
	}
	if err := q.mutation.apply(r, target); err != nil {
		return delivery{}, err
	}
	if got, err = to.drain(got); err != nil {
		return d.failed(r, f, err)
	}
	if d.cached, err = f.Reread(start); err != nil {
		return delivery{}, err
	}
	after := d.cached
	if target != f {
		if after, err = target.Reread(start); err != nil {
			return delivery{}, err
		}
	}
	d.Observation = source.Observe(got, after, start, f.Window)
	d.Calls, d.FolioOrder = r.Calls, order
	return d, nil
}

// carry moves the file to the destination up to its end. It returns a buffer for a window,
// and the order of the folio that the mutation will aim at.
func (q question) carry(f *source.File, to carrier) (buffer []byte, order *int, err error) {
	if f.Cold {
		// Readahead needs the whole way in sequence.
		if err := f.Approach(to.carry, to.drain); err != nil {
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
	return make([]byte, f.Window), order, err
}

// failed returns the delivery of a call under test that failed, which is an observation.
// Any other error is returned as it is.
func (d delivery) failed(r *sys.Recorder, f *source.File, err error) (delivery, error) {
	if d.Observation, d.failure, err = r.Failed(err); err != nil {
		return delivery{}, err
	}
	d.cached, err = f.Reread(f.Size - f.Window)
	return d, err
}
