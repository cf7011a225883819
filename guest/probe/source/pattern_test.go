package source

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

func TestPatternsAreToldApart(t *testing.T) {
	old, fresh := Old(), New(0, 1<<20)
	for i, b := range fresh {
		if old[i] == 0 || b == 0 || old[i] == b {
			t.Fatalf("offset %d: old %#x, new %#x", i, old[i], b)
		}
	}
	// A page out of place must not pass for another.
	for at := int64(0); at < MaxFile-pageSize; at += pageSize {
		if o := Observe(old[at+pageSize:at+2*pageSize], at, pageSize); o.Class != matrix.Torn {
			t.Fatalf("the page after %d passes for it: %s", at, o.Class)
		}
	}
}

func TestObserve(t *testing.T) {
	const off, n = 3 * pageSize, 4 * pageSize
	with := func(at int, what []byte) []byte {
		b := append([]byte(nil), Old()[off:off+n]...)
		copy(b[at:], what)
		return b
	}
	zeros := make([]byte, pageSize)
	both := append(append([]byte(nil), New(off, 8)...), 0, 0)
	for name, test := range map[string]struct {
		got                []byte
		class              matrix.Class
		fresh, zero, other int64
		first              int64
	}{
		"nothing changed": {with(0, nil), matrix.Stable, 0, 0, 0, -1},
		"a page zeroed":   {with(pageSize, zeros), matrix.Zeroed, 0, pageSize, 0, off + pageSize},
		"a page written":  {with(pageSize, New(off+pageSize, pageSize)), matrix.Changed, pageSize, 0, 0, off + pageSize},
		"one byte":        {with(n-1, New(off+n-1, 1)), matrix.Changed, 1, 0, 0, off + n - 1},
		"both":            {with(0, both), matrix.Mixed, 8, 2, 0, off},
		"nobody's byte":   {with(10, []byte{2}), matrix.Torn, 0, 0, 1, off + 10},
		"short":           {with(0, nil)[:n-1], matrix.Torn, 0, 0, 0, -1},
		"nothing":         {nil, matrix.Torn, 0, 0, 0, -1},
	} {
		o := Observe(test.got, off, n)
		if o.Class != test.class || o.New != test.fresh || o.Zero != test.zero || o.Other != test.other || o.FirstOffset != test.first {
			t.Errorf("%s: %+v", name, o)
		}
		if o.Bytes != o.Old+o.New+o.Zero+o.Other || o.Bytes != int64(len(test.got)) {
			t.Errorf("%s: the counts do not add up: %+v", name, o)
		}
	}
}

func TestTargetsLieInsideTheWindow(t *testing.T) {
	for _, s := range []State{Dirty, Clean, Mapped, DirtyLarge, DirtyHuge, Readahead} {
		at := s.Target()
		if at%pageSize != 0 || at <= s.Size-s.Window || at+pageSize >= s.Size {
			t.Errorf("%s of %d: the target %d is not inside the window", s.Name, s.Size, at)
		}
		if (at/pageSize)&(at/pageSize-1) == 0 {
			t.Errorf("%s: the target %d is at the edge of a large folio", s.Name, at)
		}
	}
}

func TestObserveNamesPages(t *testing.T) {
	const off = 3 * pageSize
	got := append([]byte(nil), Old()[off:off+8*pageSize]...)
	for _, i := range []int{pageSize, 2*pageSize + 7, 5 * pageSize, 8*pageSize - 1} {
		got[i] = 0
	}
	want := []matrix.PageRange{{First: 4, Last: 5}, {First: 8, Last: 8}, {First: 10, Last: 10}}
	if diff := cmp.Diff(want, Observe(got, off, 8*pageSize).Pages); diff != "" {
		t.Error(diff)
	}
	if o := Observe(Old()[off:off+8*pageSize], off, 8*pageSize); o.Pages != nil {
		t.Errorf("of old bytes: %v", o.Pages)
	}
}
