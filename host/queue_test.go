package host

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

// none has nothing answered.
func none(string, int) bool { return false }

func TestBatchesInterleaveKernelsAndTurnEveryOtherBoot(t *testing.T) {
	cells := []matrix.Cell{{Kernel: "a", Machine: "m", Probe: "p"}, {Kernel: "a", Machine: "m", Probe: "q"}, {Kernel: "b", Machine: "m", Probe: "p"}, {Kernel: "b", Machine: "n", Probe: "r"}}
	want := []batch{
		{"a", "m", 1, []string{"p", "q"}, false}, {"b", "m", 1, []string{"p"}, false}, {"b", "n", 1, []string{"r"}, false},
		{"b", "m", 2, []string{"p"}, false}, {"a", "m", 2, []string{"p", "q"}, false},
	}
	got := batches(cells, nil, map[string]int{"m": 2, "n": 1}, none)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(batch{})); diff != "" {
		t.Error(diff)
	}
}

func TestLaterBootsComeBehindThoseThatWere(t *testing.T) {
	cells := []matrix.Cell{{Kernel: "a", Machine: "m", Probe: "x"}, {Kernel: "b", Machine: "m", Probe: "x"}}
	var got []string
	for _, b := range batches(cells, map[string]int{"m": 3}, map[string]int{"m": 5}, none) {
		got = append(got, fmt.Sprintf("%s %d", b.kernel, b.boot))
	}
	// Even boots are in the reverse order, as in the boots before.
	if want := "[b 4 a 4 a 5 b 5]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

func TestBatchesLeaveOutWhatHasItsLastWord(t *testing.T) {
	cells := []matrix.Cell{{Kernel: "a", Machine: "m", Probe: "p"}, {Kernel: "a", Machine: "m", Probe: "q"}, {Kernel: "b", Machine: "m", Probe: "p"}}
	got := batches(cells, nil, map[string]int{"m": 2}, func(cell string, boot int) bool {
		return cell == "a/m/p" && boot == 1 || cell == "b/m/p"
	})
	if diff := cmp.Diff([]batch{{kernel: "a", machine: "m", boot: 1, probes: []string{"q"}}, {kernel: "a", machine: "m", boot: 2, probes: []string{"p", "q"}}}, got, cmp.AllowUnexported(batch{})); diff != "" {
		t.Error(diff)
	}
}

func TestQueuePassesOverKernelsThatAreNotReady(t *testing.T) {
	q := newQueue([]batch{{kernel: "slow", boot: 1}, {kernel: "fast", boot: 1}, {kernel: "gone", boot: 1}, {kernel: "gone", boot: 2}})
	q.open("fast")
	if b, ok := q.next(t.Context()); !ok || b.kernel != "fast" {
		t.Fatalf("next() = %v, %v, want fast's batch", b, ok)
	}
	if dropped := q.drop("gone"); len(dropped) != 2 {
		t.Errorf("drop() returned %d batches, want 2", len(dropped))
	}
	got := make(chan batch)
	go func() {
		b, _ := q.next(t.Context())
		got <- b
	}()
	q.open("slow")
	if b := <-got; b.kernel != "slow" {
		t.Errorf("next() = %v, want slow's batch", b)
	}
	if _, ok := q.next(t.Context()); ok {
		t.Error("an empty queue gave a batch")
	}
}

func TestQueueEndsWithItsContext(t *testing.T) {
	q := newQueue([]batch{{kernel: "never"}})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, ok := q.next(ctx); ok {
		t.Error("next() gave a batch of a kernel that was never ready")
	}
}
