package probe

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"kmatrix/matrix"
)

// place is a file system and the states that make sense on it: the data of a
// tmpfs live in the page cache, so that there is nothing to read ahead.
type place struct {
	fs     string
	states []state
}

var places = []place{
	{"tmpfs", []state{dirty}},
	{"tmpfs-huge", []state{dirtyHuge}},
	{"xfs", []state{dirty, readahead}},
	{"ext4", []state{dirty, readahead}},
}

// mover moves the next bytes of the source, from off up to n of them, into the
// pipe with one call, and returns how many.
type mover func(r *recorder, f *source, p pipe, off, n int64) (int64, error)

// registerStability registers a call with every mutation, place and state.
func registerStability(call, doc string, move mover) {
	for _, m := range mutations {
		for _, pl := range places {
			for _, s := range pl.states {
				register(Probe{
					Probe: matrix.Probe{
						Name: strings.Join([]string{"stability", call, m.name, pl.fs, s.name}, "/"),
						Kind: matrix.Stability, Needs: pl.fs, Since: "5.10",
						Doc: fmt.Sprintf("%s into a pipe of %s on %s, then %s: what does the pipe deliver?", doc, s.doc, pl.fs, m.doc),
					},
					Run: func(ctx context.Context, env *Env) (Finding, error) {
						return stability(env, pl.fs, s, move, m)
					},
				})
			}
		}
	}
}

// stability is the course of every stability probe.
func stability(env *Env, fs string, s state, move mover, m mutation) (found Finding, err error) {
	dir, err := env.dir(fs)
	if err != nil {
		return Finding{}, err
	}
	huge := 0
	if fs == "tmpfs-huge" {
		if huge, err = shmemHugePages(); err != nil {
			return Finding{}, err
		}
	}
	f, err := newSource(dir, s)
	if err != nil {
		return Finding{}, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if fs == "tmpfs-huge" {
		now, err := shmemHugePages()
		if err != nil {
			return Finding{}, err
		}
		if int64(now-huge) < s.size>>10 {
			return Finding{}, &UnsupportedError{Reason: fmt.Sprintf("the kernel gave %d KiB in huge pages to a file of %d KiB", now-huge, s.size>>10)}
		}
	}
	p, err := newPipe(int(s.window))
	if err != nil {
		return Finding{}, err
	}
	defer p.close()

	before, _ := countPages()
	r := &recorder{}
	buffer := make([]byte, s.window)
	start := s.size - s.window
	if s.cold {
		// Readahead needs the whole way in sequence.
		if err := approach(r, f, p, move, buffer); err != nil {
			return failed(r, err)
		}
	}
	if err := fill(r, f, p, move, start, s.window); err != nil {
		return failed(r, err)
	}
	if err := m.apply(r, f); err != nil {
		return Finding{}, err
	}
	got, err := p.drain(buffer)
	if err != nil {
		return Finding{}, err
	}
	o := observe(got, start, s.window)
	o.Calls = r.calls
	return Finding{Observation: &o, Detail: before.since()}, nil
}

// approach moves the file up to its window through the pipe, a window at a
// time, and checks what comes out: nothing has changed yet.
func approach(r *recorder, f *source, p pipe, move mover, buffer []byte) error {
	for off := int64(0); off < f.size-f.window; off += f.window {
		if err := fill(r, f, p, move, off, f.window); err != nil {
			return err
		}
		got, err := p.drain(buffer)
		if err != nil {
			return err
		}
		if o := observe(got, off, f.window); o.Class != matrix.Stable {
			return fmt.Errorf("before any mutation the file's bytes at %d are %s", off, o.Class)
		}
	}
	return nil
}

// fill moves n bytes from off into the pipe.
func fill(r *recorder, f *source, p pipe, move mover, off, n int64) error {
	for n > 0 {
		moved, err := move(r, f, p, off, n)
		if err != nil {
			return err
		}
		if moved == 0 {
			return fmt.Errorf("the file ended %d bytes early", n)
		}
		off, n = off+moved, n-moved
	}
	return nil
}

// failed tells a call under test that failed, which is an observation, from
// all else.
func failed(r *recorder, err error) (Finding, error) {
	var call *callError
	if !errors.As(err, &call) {
		return Finding{}, err
	}
	return Finding{Observation: &matrix.Observation{
		Class: matrix.ErrnoClass(unix.ErrnoName(call.errno)), FirstOffset: -1, Calls: r.calls,
	}, Detail: call.Error()}, nil
}
