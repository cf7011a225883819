package host

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/matrix/store"
)

// again has the runner go on with its run.
func again(t *testing.T, r *Runner) *Runner {
	t.Helper()
	if err := r.cfg.Store.Close(); err != nil {
		t.Fatal(err)
	}
	st, warnings, err := store.Resume(r.cfg.Store.Dir())
	if err != nil || len(warnings) > 0 {
		t.Fatalf("resuming says %q, %v", warnings, err)
	}
	t.Cleanup(func() { st.Close() })
	c := r.cfg
	c.Store, c.Notify = st, nil
	next, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	next.boot, next.memory = r.boot, r.memory
	return next
}

// TestWhatWasAnsweredIsNotAskedAgain interrupts a run of two boots, and goes on
// with it.
func TestWhatWasAnsweredIsNotAskedAgain(t *testing.T) {
	r, cells, _ := newFake(t, []string{"good", "other"}, []string{"s/a", "s/b", "s/c"})
	r.cfg.Jobs, r.cfg.Machines[0].Boots = 1, 2
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	r.cfg.Notify = func(e Event) {
		if e.Stage == StageResult {
			if n++; n == 4 {
				cancel()
			}
		}
	}
	err := r.Run(ctx, cells, BootRange{})
	before := r.cfg.Store.Results()
	if !errors.Is(err, context.Canceled) || len(before) < 4 || len(before) >= 12 {
		t.Fatalf("%d results, %v", len(before), err)
	}
	next := again(t, r)
	all := run(t, next, cells)
	if len(all) != 12 {
		t.Fatalf("%d results and then %d, want 12", len(before), len(all))
	}
	after := all[len(before):]
	cut := before[len(before)-1]
	if i := slices.IndexFunc(after, func(res matrix.Result) bool { return res.Kernel == cut.Kernel && res.Boot == cut.Boot }); i >= 0 && after[i].Session <= cut.Session {
		t.Errorf("%s was answered in session %d, and then %s in session %d", cut.Cell, cut.Session, after[i].Cell, after[i].Session)
	}
}

// otherImages has images of another digest.
type otherImages struct{ digest string }

func (o otherImages) Image(ctx context.Context, k matrix.Kernel) (Bootable, error) {
	b, err := fakeImages{}.Image(ctx, k)
	b.Digest = o.digest
	return b, err
}

// TestAnotherImageIsNoneOfTheRuns goes on with another image than the run was
// begun with, and then with the same one.
func TestAnotherImageIsNoneOfTheRuns(t *testing.T) {
	r, cells, _ := newFake(t, []string{"good"}, []string{"s/a", "s/b"})
	r.cfg.Images = otherImages{"sha256:one"}
	run(t, r, cells[:1])
	r = again(t, r)
	r.cfg.Images = otherImages{"sha256:two"}
	results := run(t, r, cells)
	if len(results) != 2 || results[1].Outcome != matrix.Infra || results[1].Probe != "s/b" || !strings.Contains(results[1].Detail, "begun with 1 (sha256:one") {
		t.Errorf("with another image: %+v", results)
	}
	if c := r.cfg.Store.Header().Kernels[0]; c.Outcome != "" || c.Digest != "sha256:one" {
		t.Errorf("the column says %+v", c)
	}
	r = again(t, r)
	r.cfg.Images = otherImages{"sha256:one"}
	results = run(t, r, cells)
	if len(results) != 2 || results[0].Outcome != matrix.Pass || results[1].Outcome != matrix.Pass {
		t.Errorf("with the same again: %+v", results)
	}
}
