// Package stability asks whether data that a call has moved can still change.
//
// The definition is Matthew Wilcox's, in the thread that kmatrix began with
// (2023-06-29 18:34): after the call has returned, later changes of the source
// are not seen at the destination. A source is filled with a pattern and brought
// into a state of caching (package source), a call (a file each, see call.go)
// moves it to a destination, a mutation (mutations.go) changes the source, and
// what the destination then delivers is counted. Which of all combinations are
// asked is decided by the rules of rules.go.
package stability

import (
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
func ask(env *probe.Env, fs string, s source.State, c call, m mutation) (found probe.Finding, err error) {
	dir, err := env.Dir(fs)
	if err != nil {
		return probe.Finding{}, err
	}
	if fs == fuse.FileSystem {
		if _, err := fuse.Start(dir); err != nil {
			return probe.Finding{}, err
		}
	}
	huge := 0
	if fs == "tmpfs-huge" {
		if huge, err = source.HugePages(); err != nil {
			return probe.Finding{}, err
		}
	}
	f, err := source.Make(dir, s)
	if err != nil {
		return probe.Finding{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if fs == "tmpfs-huge" {
		now, err := source.HugePages()
		if err != nil {
			return probe.Finding{}, err
		}
		if int64(now-huge) < s.Size>>10 {
			return probe.Finding{}, &probe.UnsupportedError{Reason: fmt.Sprintf("the kernel gave %d KiB in huge pages to a file of %d KiB", now-huge, s.Size>>10)}
		}
	}
	r := &sys.Recorder{}
	open := c.open
	if c.openIn != nil {
		open = func(r *sys.Recorder, f *source.File) (carrier, error) { return c.openIn(env, r, f) }
	}
	to, err := open(r, f)
	if err != nil {
		return probe.Finding{}, err
	}
	defer func() { err = errors.Join(err, to.close()) }()

	before, _ := sys.CountPages()
	buffer := make([]byte, s.Window)
	start := s.Size - s.Window
	if s.Cold {
		// Readahead needs the whole way in sequence.
		if err := approach(f, to, buffer); err != nil {
			return failed(r, err)
		}
	}
	if err := to.carry(start, s.Window); err != nil {
		return failed(r, err)
	}
	target := f
	if d, ok := to.(mutable); ok {
		target = d.mutated()
	}
	if err := m.apply(r, target); err != nil {
		return probe.Finding{}, err
	}
	got, err := to.drain(buffer)
	if err != nil {
		return failed(r, err)
	}
	o := source.Observe(got, start, s.Window)
	o.Calls = r.Calls
	return probe.Finding{Detail: before.Since(), Finding: matrix.Finding{Observation: &o}}, nil
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
		if o := source.Observe(got, off, f.Window); o.Class != matrix.Stable {
			return fmt.Errorf("before any mutation the file's bytes at %d are %s", off, o.Class)
		}
	}
	return nil
}

// failed tells a call under test that failed, which is an observation, from
// all else.
func failed(r *sys.Recorder, err error) (probe.Finding, error) {
	var call *sys.CallError
	if !errors.As(err, &call) {
		return probe.Finding{}, err
	}
	return probe.Finding{Detail: call.Error(), Finding: matrix.Finding{Observation: &matrix.Observation{
		Class: matrix.ErrnoClass(unix.ErrnoName(call.Errno)), FirstOffset: -1, Calls: r.Calls,
	}}}, nil
}
