package stress

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

// seen runs a probe's work for a moment in a directory of its own, and returns
// what it found.
func seen(t *testing.T, do work) probe.Finding {
	t.Helper()
	var counted tally
	dir := t.TempDir()
	err := do(t.Context(), &probe.Env{Dirs: map[string]string{"here": dir}, Budget: 100 * time.Millisecond}, &counted)
	if err != nil {
		t.Fatal(err)
	}
	found, err := counted.finding()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// rogue is a mutator that writes what no version of the file has.
func rogue(zeros bool, bytesAt func(off int64) []byte) mutator {
	return mutator{name: "rogue", zeros: zeros, begin: func(r *race, chance uint64) (func(func() bool) error, func() error, error) {
		c := r.chooser(chance)
		return func(func() bool) error {
			off := c.page(1)
			_, err := unix.Pwrite(r.f.File, bytesAt(off), off)
			return err
		}, nothing, nil
	}}
}

// TestTheRaceFindsWhatNobodyMayShow gives the probe files in which such bytes
// really are.
func TestTheRaceFindsWhatNobodyMayShow(t *testing.T) {
	misplaced := func(off int64) []byte { return source.Old()[off+sys.PageSize:][:sys.PageSize] }
	zeros := func(int64) []byte { return make([]byte, sys.PageSize) }
	right := func(off int64) []byte { return source.New(off, sys.PageSize) }
	for name, test := range map[string]struct {
		mutator mutator
		torn    bool
	}{
		"another page's bytes":     {rogue(true, misplaced), true},
		"zeros that nobody makes":  {rogue(false, zeros), true},
		"zeros that somebody does": {rogue(true, zeros), false},
		"a version":                {rogue(false, right), false},
	} {
		v := variant{name: name, mutators: []mutator{test.mutator}}
		found := seen(t, func(ctx context.Context, env *probe.Env, c *tally) error { return v.race(ctx, env, "here", c) })
		o := found.Observation
		if (o.Class == matrix.Torn) != test.torn || (o.Other > 0) != test.torn || matrix.Reference.Allows(o.Class) == test.torn {
			t.Errorf("%s: %s, %+v", name, found.Detail, o)
		}
	}
}

// TestTheGiftFindsWhatWasNotGiven gives memory of which one page is not what it is
// said to be.
func TestTheGiftFindsWhatWasNotGiven(t *testing.T) {
	var counted tally
	p, err := sys.NewPipe(giftBatch)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	g := &giver{t: &counted, p: p, got: make([]byte, giftBatch)}
	m, err := sys.Anonymous(giftBatch)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(m)
	copy(m, source.Old())
	copy(m[5*sys.PageSize:], bytes.Repeat([]byte{2}, sys.PageSize))
	n, err := g.give(m)
	if err == nil {
		err = g.take(0, n)
	}
	if err != nil {
		t.Fatal(err)
	}
	found, err := counted.finding()
	o := found.Observation
	if err != nil || o.Class != matrix.Torn || o.Other != sys.PageSize || o.FirstOffset != 5*sys.PageSize || o.Bytes != giftBatch {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestTheTallyAddsUp(t *testing.T) {
	var c tally
	if _, err := c.finding(); err == nil || !strings.Contains(err.Error(), "nothing has left a pipe") {
		t.Errorf("of nothing it finds %v", err)
	}
	if err := c.fail("splice(file, pipe)", unix.EINVAL); err != nil {
		t.Error(err)
	}
	if found, err := c.finding(); err != nil || found.Observation.Class != "errno:EINVAL" || found.Observation.FirstOffset != -1 {
		t.Errorf("of a call that always fails it finds %+v, %v", found.Observation, err)
	}
	c.exact(source.Old()[:4096], 0, 4096)
	late := append([]byte(nil), source.Old()[8192:16384]...)
	late[10] |= 0x80
	c.twice(source.Old()[8192:16384], late, 8192, 8192, false)
	for range 2 {
		if err := c.fail("fsync", unix.EIO); err != nil {
			t.Error(err)
		}
	}
	found, err := c.finding()
	o := found.Observation
	if err != nil || o.Class != matrix.Changed || o.New != 1 || o.Old != 4096+8191 || o.FirstOffset != 8202 || o.Bytes != 3*4096 {
		t.Errorf("%+v, %v", o, err)
	}
	if len(o.Calls) != 2 || o.Calls[0].Name != "fsync" || o.Calls[0].Count != 2 || o.Calls[1].Errno != "EINVAL" {
		t.Errorf("calls %+v", o.Calls)
	}
	if !strings.Contains(found.Detail, "12 KiB checked") || !strings.Contains(found.Detail, "fsync: 2× EIO") {
		t.Errorf("detail %q", found.Detail)
	}
	c.exact(source.Old()[:100], 0, 4096) // the pipe held fewer bytes than went in
	found, _ = c.finding()
	if found.Observation.Class != matrix.Torn || !strings.Contains(found.Detail, "3996 bytes never came") {
		t.Errorf("of too few bytes it finds %s, %q", found.Observation.Class, found.Detail)
	}
	if err := c.fail("x", errors.New("no call")); err == nil {
		t.Error("an error that is no call's became an observation")
	}
}

func TestTogether(t *testing.T) {
	var rounds, other atomic.Int64
	began := time.Now()
	err := together(t.Context(), 50*time.Millisecond, nil,
		func(func() bool) error { rounds.Add(1); time.Sleep(time.Millisecond); return nil },
		func(more func() bool) error {
			for more() {
				other.Add(1)
			}
			return nil
		})
	if took := time.Since(began); err != nil || took < 50*time.Millisecond || took > time.Second || rounds.Load() < 2 || other.Load() == 0 {
		t.Errorf("%v, %s, %d and %d rounds", err, took, rounds.Load(), other.Load())
	}
	// What is to be done at least is done, however long it takes.
	rounds.Store(0)
	if err := together(t.Context(), 0, func() bool { return rounds.Load() >= 7 }, func(func() bool) error { rounds.Add(1); return nil }); err != nil || rounds.Load() < 7 {
		t.Errorf("%d rounds, %v", rounds.Load(), err)
	}
	// One worker's trouble ends all, be it a panic or a fault.
	m, err := sys.Anonymous(2 * sys.PageSize)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(m)
	if err := unix.Mprotect(m[sys.PageSize:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]func() error{
		"error": func() error { return errors.New("no room") },
		"panic": func() error { panic("oh") },
		"fault": func() error { m[sys.PageSize] = 1; return nil },
	} {
		began := time.Now()
		err := together(t.Context(), time.Minute, nil,
			func(func() bool) error { time.Sleep(time.Millisecond); return nil },
			func(func() bool) error { return bad() })
		if err == nil || time.Since(began) > 10*time.Second {
			t.Errorf("%s: %v after %s", name, err, time.Since(began))
		}
	}
}

// TestAStoreBehindTheEndIsNoDeath stores to a mapping whose file was cut.
func TestAStoreBehindTheEndIsNoDeath(t *testing.T) {
	f, err := source.Make(t.TempDir(), raced)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := unix.Mmap(f.File, 0, int(f.Size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(m)
	if !store(m[sys.PageSize:], source.New(sys.PageSize, 8)) {
		t.Error("a store inside the file faulted")
	}
	if err := unix.Ftruncate(f.File, sys.PageSize); err != nil {
		t.Fatal(err)
	}
	if store(m[sys.PageSize:], source.New(sys.PageSize, 8)) {
		t.Error("a store behind the end did not fault")
	}
}
