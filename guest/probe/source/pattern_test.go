package source

import (
	"testing"

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
		if o := ObserveAlone(old[at+pageSize:at+2*pageSize], at, pageSize); o.Class != matrix.Torn {
			t.Fatalf("the page after %d passes for it: %s", at, o.Class)
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
