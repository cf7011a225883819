package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kmatrix/guest/wire"
	"kmatrix/host/snapshots"
	"kmatrix/matrix"
)

// counted are what the guests of a run were.
type counted struct {
	boots, restores int
	notices         []string
}

// runCounted runs the cells. Before each restore it calls harm, when no guest
// runs that the snapshot is still needed for. No snapshot may be left.
func runCounted(t *testing.T, r *Runner, cells []matrix.Cell, harm func(snapshot string)) (map[string]matrix.Result, counted) {
	t.Helper()
	var n counted
	dir := filepath.Join(r.cfg.CacheDir, "snapshots")
	r.cfg.Notify = func(e Event) {
		switch e.Stage {
		case StageBoot:
			n.boots++
		case StageRestore:
			n.restores++
			lying, err := filepath.Glob(filepath.Join(dir, "*"+snapshots.Suffix))
			if err != nil || len(lying) != 1 {
				t.Errorf("%d snapshots lie in the store, want one (%v)", len(lying), err)
				return
			}
			if harm != nil {
				harm(lying[0])
			}
		case StageNotice:
			n.notices = append(n.notices, e.Text)
		}
	}
	got := outcomes(t, r, cells)
	if left, err := os.ReadDir(dir); err != nil && !errors.Is(err, os.ErrNotExist) || len(left) > 0 {
		t.Errorf("snapshots are left: %v (%v)", left, err)
	}
	return got, n
}

// mortal is a guest that is gone when it is asked. The batch's first is one; the next
// answers what it was asked, and then the rest.
type mortal struct{ guest }

func (m mortal) Run(_ context.Context, req wire.Request, on func(wire.Event)) error {
	on(wire.Event{Type: wire.EventStart, Probe: req.Probes[0]})
	return errGone
}

// asked counts the hellos that a guest is asked for.
type asked struct {
	guest
	hellos *atomic.Int32
}

func (a asked) Hello(ctx context.Context) (matrix.Hello, error) {
	a.hellos.Add(1)
	return a.guest.Hello(ctx)
}

// testClones is what every kind of guest must do: the fake one and, in a test
// with real boots, the one in QEMU. start returns a runner of one kernel, one
// job and two stability cells, each of which passes.
func testClones(t *testing.T, start func(*testing.T) (*Runner, []matrix.Cell)) {
	mortal := func(r *Runner) {
		boot := r.boot
		r.boot = func(ctx context.Context, l launch) (guest, error) {
			g, err := boot(ctx, l)
			if l.number > 1 {
				return g, err
			}
			return mortal{g}, err
		}
	}
	for _, test := range []struct {
		name            string
		isolate         matrix.Isolate
		set             func(*Runner)
		harm            func(t *testing.T, r *Runner, snapshot string)
		boots, restores int
		outcome         matrix.Outcome
		notice          string
	}{
		{"each cell has a clone", matrix.IsolateCell, nil, nil, 1, 2, matrix.Pass, ""},
		{"stability cells share the boot", matrix.IsolateAuto, nil, nil, 1, 0, matrix.Pass, ""},
		{"a clone goes on when a guest is gone", matrix.IsolateBatch, mortal, nil, 1, 1, matrix.Lost, errGone.Error()},
		{"without snapshots another boot goes on", matrix.IsolateBoot, mortal, nil, 2, 0, matrix.Lost, errGone.Error()},
		{"a truncated snapshot", matrix.IsolateBatch, mortal, func(t *testing.T, _ *Runner, snapshot string) {
			if err := os.Truncate(snapshot, 1<<20); err != nil {
				t.Error(err)
			}
		}, 2, 1, matrix.Lost, "is cut off"},
		{"a foreign snapshot", matrix.IsolateBatch, mortal, func(t *testing.T, _ *Runner, snapshot string) {
			if err := os.WriteFile(snapshot, []byte("something else"), 0o600); err != nil {
				t.Error(err)
			}
		}, 2, 1, matrix.Lost, "is none, or was never finished"},
		{"a snapshot that somebody deleted", matrix.IsolateBatch, mortal, func(t *testing.T, _ *Runner, snapshot string) {
			if err := os.Remove(snapshot); err != nil {
				t.Error(err)
			}
		}, 2, 1, matrix.Lost, "no such file"},
		{"another QEMU", matrix.IsolateBatch, mortal, func(_ *testing.T, r *Runner, _ string) {
			r.cfg.Version = "9.9.9"
		}, 2, 1, matrix.Lost, "another QEMU's version: "},
		{"no room", matrix.IsolateCell, func(r *Runner) { r.cfg.SnapshotLimit = 1 }, nil, 2, 0, matrix.Pass, "may take 0 MiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, cells := start(t)
			r.cfg.Machines[0].Isolate = test.isolate
			if test.set != nil {
				test.set(r)
			}
			harm := func(snapshot string) {
				if test.harm != nil {
					test.harm(t, r, snapshot)
				}
			}
			var hellos atomic.Int32
			boot := r.boot
			r.boot = func(ctx context.Context, l launch) (guest, error) {
				g, err := boot(ctx, l)
				return asked{g, &hellos}, err
			}
			got, n := runCounted(t, r, cells, harm)
			if hellos.Load() != 1 {
				t.Errorf("%d guests of the boot were asked what they are, which mounts all there is, want one", hellos.Load())
			}
			if n.boots != test.boots || n.restores != test.restores {
				t.Errorf("%d boots and %d restores, want %d and %d; notices: %q", n.boots, n.restores, test.boots, test.restores, n.notices)
			}
			for id, res := range got {
				want := test.outcome
				if id != cells[0].ID() {
					want = matrix.Pass
				}
				if res.Outcome != want || res.Boot != 1 || res.Flaky() != (want == matrix.Lost) {
					t.Errorf("%s: %s of boot %d, %q, and %+v; want %s of boot 1", id, res.Outcome, res.Boot, res.Detail, res.Other, want)
				}
			}
			clones := map[int]bool{}
			for _, res := range got {
				if res.Clone {
					clones[res.Session] = true
				}
				if res.Other != nil && res.Other.Clone {
					clones[res.Other.Session] = true
				}
			}
			if want := test.restores; test.harm == nil && len(clones) != want {
				t.Errorf("results are those of %d clones, want %d", len(clones), want)
			}
			told := 0
			for _, line := range n.notices {
				if strings.Contains(line, "booting anew") {
					told++
				}
			}
			if all := strings.Join(n.notices, "\n"); !strings.Contains(all, test.notice) || told > 1 || test.notice == "" && all != "" {
				t.Errorf("notices %q, want one with %q", n.notices, test.notice)
			}
		})
	}
	t.Run("a full disk", func(t *testing.T) {
		r, cells := start(t)
		r.cfg.Machines[0].Isolate = matrix.IsolateCell
		dir := t.TempDir()
		size := "size=1m"
		if r.cfg.QEMU != "fake" {
			// What guests write to their disks lies there, too, and has room; the state
			// of a guest has none.
			size = "size=32m"
		}
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, size); err != nil {
			t.Skipf("a small file system cannot be mounted: %v", err)
		}
		t.Cleanup(func() { syscall.Unmount(dir, 0) })
		r.cfg.CacheDir = dir
		got, n := runCounted(t, r, cells, nil)
		for id, res := range got {
			if res.Outcome != matrix.Pass {
				t.Errorf("%s: %s, %q", id, res.Outcome, res.Detail)
			}
		}
		if n.boots != 2 || n.restores != 0 || len(n.notices) != 1 || !strings.Contains(strings.ToLower(n.notices[0]), "no space left") {
			t.Errorf("%d boots and %d restores, notices %q", n.boots, n.restores, n.notices)
		}
	})
}

func TestClonesOfFakeGuests(t *testing.T) {
	testClones(t, func(t *testing.T) (*Runner, []matrix.Cell) {
		r, cells, _ := newFake(t, []string{"good"}, []string{"s/a", "s/b"})
		r.cfg.Jobs = 1
		return r, cells
	})
}

// TestACloneThatIsNotWellIsReplaced has clones that never run, and clones that
// do not answer: the boot shows that the kernel is not to blame.
func TestACloneThatIsNotWellIsReplaced(t *testing.T) {
	for _, kernel := range []string{"clone-mute", "clone-panics"} {
		r, cells, _ := newFake(t, []string{kernel}, []string{"s/a", "s/b"})
		r.cfg.Machines[0].Isolate, r.cfg.Deadlines.Boot = matrix.IsolateCell, 50*time.Millisecond
		got, n := runCounted(t, r, cells, nil)
		for id, res := range got {
			if res.Outcome != matrix.Pass {
				t.Errorf("%s: %s, %q", id, res.Outcome, res.Detail)
			}
		}
		if n.boots != 3 || n.restores != 1 || len(n.notices) != 1 {
			t.Errorf("%s: %d boots and %d restores, notices %q", kernel, n.boots, n.restores, n.notices)
		}
	}
}

// TestABootThatFailsFailsForAll has a kernel that never gets so far as to be
// saved.
func TestABootThatFailsFailsForAll(t *testing.T) {
	r, cells, _ := newFake(t, []string{"panics"}, []string{"s/a", "s/b"})
	r.cfg.Machines[0].Isolate = matrix.IsolateCell
	got, n := runCounted(t, r, cells, nil)
	for id, res := range got {
		if res.Outcome != matrix.BootFailed || !strings.Contains(res.Detail, "Unable to mount root fs") {
			t.Errorf("%s: %s, %q", id, res.Outcome, res.Detail)
		}
	}
	if n.boots != 1 || n.restores != 0 {
		t.Errorf("%d boots and %d restores", n.boots, n.restores)
	}
}

// TestEachBootHasItsOwnSnapshot counts the boots that results are of.
func TestEachBootHasItsOwnSnapshot(t *testing.T) {
	r, cells, _ := newFake(t, []string{"good"}, []string{"s/a", "s/b"})
	r.cfg.Jobs, r.cfg.Machines[0].Isolate, r.cfg.Machines[0].Boots = 1, matrix.IsolateCell, 3
	seen := map[string]bool{}
	boots, restores := 0, 0
	r.cfg.Notify = func(e Event) {
		switch e.Stage {
		case StageBoot:
			boots++
		case StageRestore:
			restores++
			lying, _ := filepath.Glob(filepath.Join(r.cfg.CacheDir, "snapshots", "*"))
			seen[fmt.Sprint(e.Boot, lying)] = true
		}
	}
	results := run(t, r, cells)
	if boots != 3 || restores != 6 || len(results) != 6 || len(seen) != 3 {
		t.Errorf("%d boots, %d restores, %d results; the snapshots were %v", boots, restores, len(results), seen)
	}
}

func TestPortions(t *testing.T) {
	r := knowing(t, []matrix.Machine{{Name: "m"}}, []matrix.Probe{{Name: "c1", Kind: matrix.Performance}, {Name: "s1", Kind: matrix.Stability}, {Name: "s2", Kind: matrix.Stability}, {Name: "x", Kind: matrix.Stress}})
	for _, test := range []struct {
		isolate matrix.Isolate
		want    [][]string
		clones  bool
	}{
		{matrix.IsolateAuto, [][]string{{"c1"}, {"s1", "s2"}, {"x"}}, true},
		{"", [][]string{{"c1"}, {"s1", "s2"}, {"x"}}, true},
		{matrix.IsolateCell, [][]string{{"c1"}, {"s1"}, {"s2"}, {"x"}}, true},
		{matrix.IsolateBatch, [][]string{{"c1", "s1", "s2", "x"}}, true},
		{matrix.IsolateBoot, [][]string{{"c1", "s1", "s2", "x"}}, false},
	} {
		m := matrix.Machine{Isolate: test.isolate}
		var got [][]string
		for left := []string{"c1", "s1", "s2", "x"}; len(left) > 0; {
			n, _ := r.portion(m, left)
			got, left = append(got, left[:n]), left[n:]
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q: %s", test.isolate, diff)
		}
		if r.clones(m, []string{"c1", "s1"}) != test.clones {
			t.Errorf("%q: clones() is not %v", test.isolate, test.clones)
		}
	}
	if m := (matrix.Machine{}); r.clones(m, []string{"s1"}) || !r.clones(m, []string{"c1"}) {
		t.Error("a single cell is saved for nothing, or a cost is measured in a boot")
	}
}
