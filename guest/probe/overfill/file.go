package overfill

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// fileWay is a call that moves a file's data into a pipe.
type fileWay struct {
	name, doc string
	on        []place
	// open returns the call, and a function that frees what it needs beside the pipe.
	open func(r *sys.Recorder, f *source.File, to sys.Pipe) (move func(off, n int64) (int64, error), end func(), err error)
}

// place is a file system with the states that its files are asked in.
type place struct {
	fs     string
	states []source.State
}

// onDisk are the file systems whose files can be read again from a disk.
var onDisk = []string{"ext4", "xfs", "btrfs"}

// written are files whose pages a call cannot take away.
var written = []place{{fs: "xfs", states: []source.State{source.Dirty}}, {fs: "tmpfs", states: []source.State{source.Dirty}}}

var fileWays = []fileWay{
	{"splice", "splice", []place{
		{fs: "tmpfs", states: []source.State{source.Dirty}},
		{fs: "ext4", states: []source.State{source.Dirty, source.Clean, source.Readahead}},
		{fs: "xfs", states: []source.State{source.Dirty, source.Clean, source.Mapped, source.Readahead}},
		{fs: "btrfs", states: []source.State{source.Clean, source.Readahead}},
	}, func(r *sys.Recorder, f *source.File, to sys.Pipe) (func(off, n int64) (int64, error), func(), error) {
		return splice(r, f, to, theRest), func() {}, nil
	}},
	{"sendfile", "sendfile", written, func(r *sys.Recorder, f *source.File, to sys.Pipe) (func(off, n int64) (int64, error), func(), error) {
		return func(off, n int64) (int64, error) {
			return r.Do("sendfile(pipe, file, the rest)", func() (int64, error) {
				at := off
				n, err := unix.Sendfile(to.W, f.In, &at, int(n))
				return int64(n), err
			})
		}, func() {}, nil
	}},
	{"splice-pipe-pipe", "splice from another pipe that holds all of it", written, func(r *sys.Recorder, f *source.File, to sys.Pipe) (func(off, n int64) (int64, error), func(), error) {
		from, err := holding(r, f)
		if err != nil {
			return nil, nil, err
		}
		return func(_, n int64) (int64, error) {
			return r.Do("splice(pipe, pipe, the rest, NONBLOCK)", func() (int64, error) {
				return unix.Splice(from.R, nil, to.W, nil, int(n), unix.SPLICE_F_NONBLOCK)
			})
		}, from.Close, nil
	}},
	{"tee", "tee from another pipe that holds all of it, and from which as much is read each time", written, func(r *sys.Recorder, f *source.File, to sys.Pipe) (func(off, n int64) (int64, error), func(), error) {
		from, err := holding(r, f)
		if err != nil {
			return nil, nil, err
		}
		scratch := make([]byte, f.Window)
		return func(_, n int64) (int64, error) {
			teed, err := r.Do("tee(pipe, pipe, the rest, NONBLOCK)", func() (int64, error) {
				return unix.Tee(from.R, to.W, int(n), unix.SPLICE_F_NONBLOCK)
			})
			if err != nil {
				return teed, err
			}
			read, err := from.Drain(scratch[:teed])
			return int64(len(read)), err
		}, from.Close, nil
	}},
}

// holding returns a pipe that holds the window of the file.
func holding(r *sys.Recorder, f *source.File) (sys.Pipe, error) {
	p, err := sys.NewPipe(int(f.Window))
	if err != nil {
		return p, err
	}
	if err := sys.Repeat(f.Size-f.Window, f.Window, splice(r, f, p, bytes)); err != nil {
		p.Close()
		return p, err
	}
	return p, nil
}

// ask moves a file's window through a pipe that holds a part of it, and reads the file
// again.
func (w fileWay) ask(env *probe.Env, fs string, s source.State) (found probe.Finding, err error) {
	dir, err := env.Dir(fs)
	if err != nil {
		return found, err
	}
	f, err := source.Make(dir, s)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if found, err = w.fill(f); err != nil {
		return found, err
	}
	// The pipes are closed by now: nothing keeps the file's pages in the cache.
	start := s.Size - s.Window
	cached, err := f.Reread(start)
	if err != nil {
		return found, err
	}
	state, wrong, err := f.Kept(cached, source.Old()[start:s.Size], slices.Contains(onDisk, fs))
	found.Observation.Source, found.Detail = state, cmp.Or(wrong, found.Detail)
	return found, err
}

// fill moves the file's window through a pipe that is too small for it.
func (w fileWay) fill(f *source.File) (found probe.Finding, err error) {
	r := &sys.Recorder{}
	if f.Cold {
		if err := approach(r, f); err != nil {
			return failed(r, err)
		}
	}
	n := narrowFor(f.Window)
	p, err := sys.NewPipe(int(n.pipe))
	if err != nil {
		return found, err
	}
	defer p.Close()
	move, end, err := w.open(r, f, p)
	if err != nil {
		return failed(r, err)
	}
	defer end()
	return n.fill(r, p, f.Size-f.Window, f.Window, move)
}

// approach reads the file up to its window through a pipe that holds a window, so that
// readahead grows.
func approach(r *sys.Recorder, f *source.File) error {
	wide, err := sys.NewPipe(int(f.Window))
	if err != nil {
		return err
	}
	defer wide.Close()
	return f.Approach(func(off, n int64) error { return sys.Repeat(off, n, splice(r, f, wide, bytes)) }, wide.Drain)
}

// splice splices from the file into a pipe that does not block; amount is what the record
// calls the n bytes.
func splice(r *sys.Recorder, f *source.File, to sys.Pipe, amount func(n int64) string) func(off, n int64) (int64, error) {
	return func(off, n int64) (int64, error) {
		return r.Do(fmt.Sprintf("splice(file, pipe, %s, %#x)", amount(n), unix.SPLICE_F_NONBLOCK), func() (int64, error) {
			at := off
			return unix.Splice(f.In, &at, to.W, nil, int(n), unix.SPLICE_F_NONBLOCK)
		})
	}
}

func theRest(int64) string { return "the rest" }

func bytes(n int64) string { return strconv.FormatInt(n, 10) }
