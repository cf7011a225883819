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
	if err := r.Store.Close(); err != nil {
		t.Fatal(err)
	}
	st, warnings, err := store.Resume(r.Store.Dir())
	if err != nil || len(warnings) > 0 {
		t.Fatalf("resuming says %q, %v", warnings, err)
	}
	t.Cleanup(func() { st.Close() })
	return &Runner{Kernels: r.Kernels, Machines: r.Machines, Probes: r.Probes, Images: r.Images, Store: st, Jobs: r.Jobs, CacheDir: r.CacheDir, boot: r.boot}
}

// TestWhatWasAnsweredIsNotAskedAgain interrupts a run of two boots, and goes on
// with it.
func TestWhatWasAnsweredIsNotAskedAgain(t *testing.T) {
	r, cells, _ := newFake(t, []string{"good", "other"}, []string{"s/a", "s/b", "s/c"})
	r.Jobs, r.Machines[0].Boots = 1, 2
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	r.Notify = func(e Event) {
		if e.Stage == StageResult {
			if n++; n == 4 {
				cancel()
			}
		}
	}
	before, err := r.Run(ctx, cells)
	if !errors.Is(err, context.Canceled) || len(before) < 4 || len(before) >= 12 {
		t.Fatalf("%d results, %v", len(before), err)
	}
	next := again(t, r)
	after, err := next.Run(t.Context(), cells)
	if err != nil || len(before)+len(after) != 12 || len(next.Store.Results()) != 12 {
		t.Errorf("%d results and then %d, stored are %d (%v)", len(before), len(after), len(next.Store.Results()), err)
	}
	cut := before[len(before)-1]
	if i := slices.IndexFunc(after, func(res matrix.Result) bool { return res.Kernel == cut.Kernel && res.Boot == cut.Boot }); i >= 0 && after[i].Life <= cut.Life {
		t.Errorf("%s was answered in life %d, and then %s in life %d", cut.Cell, cut.Life, after[i].Cell, after[i].Life)
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
	r.Images = otherImages{"sha256:one"}
	if _, err := r.Run(t.Context(), cells[:1]); err != nil {
		t.Fatal(err)
	}
	r = again(t, r)
	r.Images = otherImages{"sha256:two"}
	results, err := r.Run(t.Context(), cells)
	if err != nil || len(results) != 1 || results[0].Outcome != matrix.Infra || results[0].Probe != "s/b" || !strings.Contains(results[0].Detail, "begun with 1 (sha256:one") {
		t.Errorf("with another image: %+v, %v", results, err)
	}
	if c := r.Store.Header().Kernels[0]; c.Outcome != "" || c.Digest != "sha256:one" {
		t.Errorf("the column says %+v", c)
	}
	r = again(t, r)
	r.Images = otherImages{"sha256:one"}
	results, err = r.Run(t.Context(), cells)
	if err != nil || len(results) != 1 || results[0].Outcome != matrix.Pass || len(r.Store.Results()) != 2 {
		t.Errorf("with the same again: %+v, %v; stored are %+v", results, err, r.Store.Results())
	}
}
