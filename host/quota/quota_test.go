package quota

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestEachOwnerHasItsPart(t *testing.T) {
	q := New(200, 2)
	if a, b, c := q.Take("greedy", 70), q.Take("greedy", 70), q.Take("greedy", 70); a != 70 || b != 30 || c != 0 {
		t.Errorf("one owner got %d, %d and %d of %d", a, b, c, q.Each())
	}
	if n := q.Take("other", 100); n != 100 {
		t.Errorf("the other got %d", n)
	}
	q.Return("greedy", 10)
	if n := q.Take("greedy", 70); n != 10 {
		t.Errorf("of 10 that it returned it got %d", n)
	}
	if n := New(100, 0).Take("anybody", 200); n != 100 {
		t.Errorf("of a quota of no owner anybody got %d", n)
	}
}

func TestManyTakeNoMoreThanThereIs(t *testing.T) {
	q := New(1000, 1)
	var got atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 100 {
				got.Add(q.Take("one", 1))
			}
		})
	}
	if all.Wait(); got.Load() != 1000 {
		t.Errorf("%d were taken of 1000", got.Load())
	}
}
