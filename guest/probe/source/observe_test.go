package source

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

// TestObserve holds what arrives against what the file holds after each kind of edit.
func TestObserve(t *testing.T) {
	const off, n, target = 3 * pageSize, 8 * pageSize, 5 * pageSize
	with := func(at int64, what []byte) []byte {
		b := slices.Clone(Old()[off : off+n])
		copy(b[at-off:], what)
		return b
	}
	zeros := make([]byte, n)
	write, hole, part := Edit{Write, target, pageSize}, Edit{Zero, target, pageSize}, Edit{Zero, target + 512, 1000}
	cut, collapse, insert := Edit{Cut, target, off + n - target}, Edit{Collapse, target, pageSize}, Edit{Insert, target, pageSize}
	both := append(New(target, 8), 0, 0)
	for name, test := range map[string]struct {
		edit                          Edit
		got                           []byte
		class                         matrix.Class
		fresh, zero, clobbered, other int64
		first                         int64
	}{
		"nothing changed":                {hole, with(target, nil), matrix.Stable, 0, 0, 0, 0, -1},
		"a page written":                 {write, with(target, New(target, pageSize)), matrix.Changed, pageSize, 0, 0, 0, target},
		"one byte of it":                 {write, with(target+99, New(target+99, 1)), matrix.Changed, 1, 0, 0, 0, target + 99},
		"zeros where a page was written": {write, with(target, zeros[:pageSize]), matrix.Clobbered, 0, 0, pageSize, 0, target},
		"both":                           {write, with(target, both), matrix.Clobbered, 8, 0, 2, 0, target},
		"written beyond the page":        {write, with(target, New(target, pageSize+1)), matrix.Clobbered, pageSize, 0, 1, 0, target},
		"a whole page punched":           {hole, with(target, zeros[:pageSize]), matrix.Zeroed, 0, pageSize, 0, 0, target},
		"a byte more":                    {hole, with(target, zeros[:pageSize+1]), matrix.Clobbered, 0, pageSize, 1, 0, target},
		"part of a page punched":         {part, with(target+512, zeros[:1000]), matrix.Zeroed, 0, 1000, 0, 0, target + 512},
		"and all of it cleared":          {part, with(target, zeros[:pageSize]), matrix.Clobbered, 0, 1000, pageSize - 1000, 0, target},
		"zeros behind a truncation":      {cut, with(target, zeros[:2*pageSize]), matrix.Zeroed, 0, 2 * pageSize, 0, 0, target},
		"zeros left of it":               {cut, with(target-1, zeros[:2]), matrix.Clobbered, 0, 1, 1, 0, target - 1},
		"zeros where a file moved down":  {collapse, with(target, zeros[:pageSize]), matrix.Clobbered, 0, 0, pageSize, 0, target},
		"zeros beyond its new end":       {collapse, with(off+n-pageSize, zeros[:pageSize]), matrix.Zeroed, 0, pageSize, 0, 0, off + n - pageSize},
		"what moved down":                {collapse, with(target, Old()[target+pageSize:][:1]), matrix.Changed, 1, 0, 0, 0, target},
		"zeros that were inserted":       {insert, with(target, zeros[:pageSize]), matrix.Zeroed, 0, pageSize, 0, 0, target},
		"zeros a page before and behind": {insert, with(target-pageSize, zeros[:3*pageSize]), matrix.Clobbered, 0, pageSize, 2 * pageSize, 0, target - pageSize},
		"nobody's byte":                  {hole, with(target+10, []byte{2}), matrix.Torn, 0, 0, 0, 1, target + 10},
		"worst of all":                   {hole, with(target-1, append(zeros[:pageSize:pageSize], 2)), matrix.Torn, 0, pageSize - 1, 1, 1, target - 1},
		"short":                          {hole, with(target, nil)[:n-1], matrix.Torn, 0, 0, 0, 0, -1},
		"nothing":                        {hole, nil, matrix.Torn, 0, 0, 0, 0, -1},
	} {
		o := Observe(test.got, test.edit.After(off+n, off), off, n)
		if o.Class != test.class || o.New != test.fresh || o.Zero != test.zero || o.Clobbered != test.clobbered || o.Other != test.other || o.FirstOffset != test.first {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

// TestObserveAgreesWithItsDefinition has bytes of all kinds arrive after edits of all
// kinds, and counts them as the classes are defined.
func TestObserveAgreesWithItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	seen := map[matrix.Class]int{}
	for range 3000 {
		size := 2*pageSize + r.Int64N(pageSize)
		off := r.Int64N(2) * pageSize
		e := Edit{Operation: operations[r.IntN(len(operations))], Off: r.Int64N(size)}
		e.Len = 1 + r.Int64N(size-e.Off)
		after := e.After(size, off)
		old := Old()[off:size]
		// Few kinds at a time: with all of them everything is torn.
		kinds := [][]int{{0}, {0, 1}, {1}, {0, 2}, {0, 1, 2}, {0, 3}, {0, 1, 2, 3, 4}}[r.IntN(7)]
		got := make([]byte, len(old))
		want := matrix.Observation{Bytes: int64(len(got)), FirstOffset: -1}
		for i := range got {
			held := byte(0)
			if i < len(after) {
				held = after[i]
			}
			got[i] = []byte{old[i], held, 0, old[i] | newBit, byte(2 + 2*r.IntN(60))}[kinds[r.IntN(len(kinds))]]
			switch {
			case got[i] == old[i]:
				want.Old++
				continue
			case got[i] == held && held == 0:
				want.Zero++
			case got[i] == held:
				want.New++
			case got[i] == 0 || got[i] == old[i]|newBit:
				want.Clobbered++
			default:
				want.Other++
			}
			if want.FirstOffset < 0 {
				want.FirstOffset = off + int64(i)
			}
		}
		o := Observe(got, after, off, int64(len(got)))
		want.Class, want.Pages = o.Class, o.Pages
		if diff := cmp.Diff(want, o); diff != "" {
			t.Fatalf("%+v: %s", e, diff)
		}
		// The class is that of the worst kind of which there is a byte.
		worst := matrix.Stable
		for _, k := range []struct {
			n int64
			c matrix.Class
		}{{o.New, matrix.Changed}, {o.Zero, matrix.Zeroed}, {min(o.New, o.Zero), matrix.Mixed}, {o.Clobbered, matrix.Clobbered}, {o.Other, matrix.Torn}} {
			if k.n > 0 {
				worst = k.c
			}
		}
		if o.Class != worst || slices.Index(matrix.Classes, o.Class) < 0 {
			t.Fatalf("%+v is %s, want %s", o, o.Class, worst)
		}
		if c := Observe(got[1:], after[min(1, len(after)):], off+1, int64(len(got))).Class; c != matrix.Torn {
			t.Fatalf("a byte too few is %s", c)
		}
		seen[o.Class]++
	}
	for _, c := range matrix.Classes {
		if seen[c] == 0 {
			t.Errorf("nothing was %s", c)
		}
	}
}

// TestWhatASourceHoldsIsNeverClobbered reads a file by reference: whatever of it has
// changed by then is what it holds.
func TestWhatASourceHoldsIsNeverClobbered(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		size := 1 + r.Int64N(3*pageSize)
		e := Edit{Operation: operations[r.IntN(len(operations))], Off: r.Int64N(size)}
		e.Len = 1 + r.Int64N(size-e.Off)
		after := e.After(size, 0)
		got := slices.Clone(Old()[:size])
		for i := range min(len(got), len(after)) {
			if r.IntN(2) == 0 {
				got[i] = after[i]
			}
		}
		if o := Observe(got, after, 0, size); o.Clobbered > 0 || o.Other > 0 || !matrix.Reference.Allows(o.Class) {
			t.Fatalf("%+v: %+v", e, o)
		}
	}
}

// TestASourceOfWhichNothingIsKnown tells what it can.
func TestASourceOfWhichNothingIsKnown(t *testing.T) {
	got := slices.Clone(Old()[:pageSize])
	copy(got[8:], New(8, 4))
	copy(got[100:], []byte{0, 0, 2})
	if o := ObserveAlone(got, 0, pageSize); o.New != 4 || o.Zero != 2 || o.Other != 1 || o.Clobbered != 0 || o.Class != matrix.Torn {
		t.Errorf("%+v", o)
	}
}

func TestObserveNamesPages(t *testing.T) {
	const off = 3 * pageSize
	got := append([]byte(nil), Old()[off:off+8*pageSize]...)
	for _, i := range []int{pageSize, 2*pageSize + 7, 5 * pageSize, 8*pageSize - 1} {
		got[i] = 0
	}
	want := []matrix.PageRange{{First: 4, Last: 5}, {First: 8, Last: 8}, {First: 10, Last: 10}}
	if diff := cmp.Diff(want, ObserveAlone(got, off, 8*pageSize).Pages); diff != "" {
		t.Error(diff)
	}
	if o := ObserveAlone(Old()[off:off+8*pageSize], off, 8*pageSize); o.Pages != nil {
		t.Errorf("of old bytes: %v", o.Pages)
	}
}
