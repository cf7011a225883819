package stress

import (
	"bytes"
	"context"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/load"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

// seen runs a probe's work for a moment in a directory of its own, and returns
// what it found.
func seen(t *testing.T, do work) probe.Finding {
	t.Helper()
	var counted load.Tally
	dir := t.TempDir()
	err := do(t.Context(), &probe.Env{Dirs: map[string]string{"here": dir}, Budget: 100 * time.Millisecond}, &counted)
	if err != nil {
		t.Fatal(err)
	}
	found, err := counted.Finding()
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
		found := seen(t, func(ctx context.Context, env *probe.Env, c *load.Tally) error { return v.race(ctx, env, "here", c) })
		o := found.Observation
		if (o.Class == matrix.Torn) != test.torn || (o.Other > 0) != test.torn || matrix.Reference.Allows(o.Class) == test.torn {
			t.Errorf("%s: %s, %+v", name, found.Detail, o)
		}
	}
}

// TestTheGiftFindsWhatWasNotGiven gives memory of which one page is not what it is
// said to be.
func TestTheGiftFindsWhatWasNotGiven(t *testing.T) {
	var counted load.Tally
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
	found, err := counted.Finding()
	o := found.Observation
	if err != nil || o.Class != matrix.Torn || o.Other != sys.PageSize || o.FirstOffset != 5*sys.PageSize || o.Bytes != giftBatch {
		t.Errorf("%+v, %v", o, err)
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
