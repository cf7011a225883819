package stability

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// fileWay is a call that moves a file's data into a pipe.
type fileWay struct {
	name, doc string
	on        []place
	// open returns the call, and what frees what it needs beside the pipe.
	open func(r *sys.Recorder, f *source.File, to sys.Pipe) (move func(off, n int64) (int64, error), end func(), err error)
}

// written are files whose pages a call cannot take away.
var written = []place{{"xfs", []source.State{source.Dirty}}, {"tmpfs", []source.State{source.Dirty}}}

var fileWays = []fileWay{
	{"splice", "splice", []place{
		{"tmpfs", []source.State{source.Dirty}},
		{"ext4", []source.State{source.Dirty, source.Clean, source.Readahead}},
		{"xfs", []source.State{source.Dirty, source.Clean, source.Mapped, source.Readahead}},
		{"btrfs", []source.State{source.Clean, source.Readahead}},
	}, func(r *sys.Recorder, f *source.File, to sys.Pipe) (func(off, n int64) (int64, error), func(), error) {
		return func(off, n int64) (int64, error) {
			return r.Do(fmt.Sprintf("splice(file, pipe, the rest, %#x)", unix.SPLICE_F_NONBLOCK), func() (int64, error) {
				at := off
				return unix.Splice(f.In, &at, to.W, nil, int(n), unix.SPLICE_F_NONBLOCK)
			})
		}, func() {}, nil
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
	if err := repeat(f.Size-f.Window, f.Window, fileToPipe(r, f, p, 0)); err != nil {
		p.Close()
		return p, err
	}
	return p, nil
}

func (w fileWay) overfill(env *probe.Env, fs string, s source.State) (found probe.Finding, err error) {
	dir, err := env.Dir(fs)
	if err != nil {
		return found, err
	}
	f, err := source.Make(dir, s)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := &sys.Recorder{}
	if s.Cold {
		if err := approachWide(r, f); err != nil {
			return failed(r, err)
		}
	}
	n := narrowFor(s.Window)
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
	return n.fill(r, p, s.Size-s.Window, s.Window, move)
}

// approachWide reads the file up to its window through a pipe that is wide enough,
// so that readahead grows.
func approachWide(r *sys.Recorder, f *source.File) error {
	wide, err := openSplice(r, f, 0)
	if err != nil {
		return err
	}
	return errors.Join(approach(f, wide, make([]byte, f.Window)), wide.close())
}
