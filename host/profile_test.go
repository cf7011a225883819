package host

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/guest/wire"
	"kmatrix/matrix"
	"kmatrix/matrix/store"
)

// profiler is a guest that answers with a sample or, where it is asked for one,
// with a profile; those of probes that end in "/odd" with the other of both, of
// "/lacking" with neither.
type profiler struct{ guest }

func (p profiler) Run(ctx context.Context, req wire.Request, on func(wire.Event)) error {
	name := req.Probes[0]
	answer := wire.Answer{Status: wire.StatusOK}
	switch {
	case strings.HasSuffix(name, "/oops"):
		if req.Profile {
			return p.guest.Run(ctx, req, on)
		}
		fallthrough
	default:
		if req.Profile != strings.HasSuffix(name, "/odd") {
			answer.Profile = &matrix.ProfileCounts{Samples: 2, Passes: 1, Functions: []matrix.FunctionSamples{{Name: "copy_page", Samples: 2, Squares: 4}}}
		} else {
			answer.Sample = &matrix.Sample{Value: 1}
		}
	case strings.HasSuffix(name, "/lacking") && req.Profile:
		answer = wire.Answer{Status: wire.StatusUnsupported, Detail: "the kernel has no perf event"}
	}
	on(wire.Event{Type: wire.EventStart, Probe: name})
	on(wire.Event{Type: wire.EventAnswer, Probe: name, Answer: &answer})
	on(wire.Event{Type: wire.EventDone})
	return nil
}

// profile has the cells profiled in the boot behind the last one, and returns what is
// stored of it.
func profile(t *testing.T, r *Runner, cells []matrix.Cell, last int) []matrix.Profile {
	t.Helper()
	if err := r.Run(t.Context(), cells, BootRange{After: map[string]int{"m": last}, UpTo: map[string]int{"m": last + 1}, Profile: true}); err != nil {
		t.Fatal(err)
	}
	profiles, err := r.cfg.Store.Profiles()
	if err != nil {
		t.Fatal(err)
	}
	return profiles
}

func TestProfilesTouchNoResult(t *testing.T) {
	probes := []string{"cost/x", "cost/lacking", "cost/oops", "cost/odd"}
	r, cells, booted := newFake(t, []string{"a", "no-source"}, probes)
	r.cfg.Machines[0].Boots = 2
	for i := range r.cfg.Probes {
		r.cfg.Probes[i].Kind = matrix.Performance
	}
	boot := r.boot
	r.boot = func(ctx context.Context, l launch) (guest, error) {
		g, err := boot(ctx, l)
		return profiler{g}, err
	}
	results := run(t, r, cells)
	before := booted["a"]
	profiles := profile(t, r, cells, 2)
	if n := booted["a"] - before; n != 1 {
		t.Errorf("%d boots for profiles, want one of which the cells have clones", n)
	}
	missing := map[string]string{}
	for _, p := range profiles {
		if p.Boot != 3 || p.Kernel != "a" || p.Cell != "a/m/"+p.Probe || !p.Clone || p.There() != (p.Missing == "") {
			t.Errorf("%+v", p)
		}
		missing[p.Probe] = p.Missing
	}
	if len(profiles) != len(probes) || missing["cost/x"] != "" || missing["cost/lacking"] != "the kernel has no perf event" ||
		!strings.HasPrefix(missing["cost/oops"], "crash: BUG: ") || missing["cost/odd"] != "the guest answered with something else" {
		t.Errorf("%d profiles, missing: %q", len(profiles), missing)
	}
	stored, err := store.Open(r.cfg.Store.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(profiles, stored.Profiles); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(results, stored.Results); diff != "" {
		t.Error(diff)
	}
	for _, res := range stored.Results {
		unasked := res.Outcome == matrix.Fail && strings.Contains(res.Detail, "answered with something else")
		if res.Boot > 2 || res.Kernel == "a" && res.Sample == nil && !unasked || unasked != (res.Cell == "a/m/cost/odd") {
			t.Errorf("%+v", res)
		}
	}
}

// TestProfilesOfAResumedRun has a process that asked nothing, since all is answered,
// profile what another one has answered.
func TestProfilesOfAResumedRun(t *testing.T) {
	before, cells, booted := newFake(t, []string{"a"}, []string{"cost/x"})
	before.cfg.Probes[0].Kind = matrix.Performance
	boot := before.boot
	before.boot = func(ctx context.Context, l launch) (guest, error) {
		g, err := boot(ctx, l)
		return profiler{g}, err
	}
	run(t, before, cells)
	r := again(t, before)
	if run(t, r, cells); booted["a"] != 1 {
		t.Fatalf("%d boots, of what is answered", booted["a"])
	}
	profiles := profile(t, r, cells, 1)
	if len(profiles) != 1 || !profiles[0].There() || profiles[0].Boot != 2 || booted["a"] != 2 {
		t.Errorf("%+v of %d boots", profiles, booted["a"])
	}
}
