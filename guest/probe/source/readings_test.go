package source

import (
	"testing"

	"kmatrix/matrix"
)

func TestReadings(t *testing.T) {
	const off, n = 5 * pageSize, 3 * pageSize
	with := func(at int, what []byte) []byte {
		b := append([]byte(nil), Old()[off:off+n]...)
		copy(b[at:], what)
		return b
	}
	fresh, zeros, stale := New(off+pageSize, pageSize), make([]byte, pageSize), Old()[:pageSize]
	for name, test := range map[string]struct {
		early, late        []byte
		zeros              bool
		class              matrix.Class
		fresh, zero, other int64
		first              int64
	}{
		"old twice":                   {with(0, nil), with(0, nil), false, matrix.Stable, 0, 0, 0, -1},
		"new twice":                   {with(pageSize, fresh), with(pageSize, fresh), false, matrix.Stable, 0, 0, 0, -1},
		"zeros twice":                 {with(pageSize, zeros), with(pageSize, zeros), true, matrix.Stable, 0, 0, 0, -1},
		"old turns new":               {with(0, nil), with(pageSize, fresh), false, matrix.Changed, pageSize, 0, 0, off + pageSize},
		"new turns old":               {with(pageSize, fresh), with(0, nil), false, matrix.Changed, pageSize, 0, 0, off + pageSize},
		"zeros filled":                {with(pageSize, zeros), with(0, nil), true, matrix.Changed, pageSize, 0, 0, off + pageSize},
		"old turns zero":              {with(0, nil), with(pageSize, zeros), true, matrix.Zeroed, 0, pageSize, 0, off + pageSize},
		"one byte":                    {with(0, nil), with(pageSize, fresh[:1]), false, matrix.Changed, 1, 0, 0, off + pageSize},
		"zeros that nobody makes":     {with(pageSize, zeros), with(pageSize, zeros), false, matrix.Torn, 0, 0, pageSize, off + pageSize},
		"a byte that nobody wrote":    {with(7, []byte{2}), with(7, []byte{2}), true, matrix.Torn, 0, 0, 1, off + 7},
		"the same, at once and gone":  {with(7, []byte{2}), with(0, nil), true, matrix.Torn, 0, 0, 1, off + 7},
		"the same, only later":        {with(0, nil), with(7, []byte{2}), true, matrix.Torn, 0, 0, 1, off + 7},
		"fewer bytes than the first":  {with(0, nil), with(0, nil)[:n-1], false, matrix.Torn, 0, 0, 0, -1},
		"another page of the pattern": {with(0, nil), with(2*pageSize, stale), true, matrix.Torn, 0, 0, -1, off + 2*pageSize},
	} {
		o := Readings(test.early, test.late, off, test.zeros)
		if got := Classify(o, n); got != test.class || o.New != test.fresh || o.Zero != test.zero || o.FirstOffset != test.first {
			t.Errorf("%s: %s, %+v", name, got, o)
		}
		// A stale page shares some bytes with the right one by chance, few.
		if o.Other != test.other && (test.other >= 0 || o.Other < pageSize*9/10) {
			t.Errorf("%s: %d other bytes", name, o.Other)
		}
		if o.Bytes != o.Old+o.New+o.Zero+o.Other {
			t.Errorf("%s: the counts do not add up: %+v", name, o)
		}
	}
}
