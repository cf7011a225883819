package host

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kmatrix/matrix"
	"kmatrix/matrix/store"
)

// TestACellThatEndsItsGuestIsAskedOnceMore looks at both attempts of cells of all
// kinds, and at what is kept of the guests.
func TestACellThatEndsItsGuestIsAskedOnceMore(t *testing.T) {
	r, cells, booted := newFake(t, []string{"good"}, []string{"s/a", "s/oops", "s/once", "s/killed", "s/always-killed", "s/panicked", "s/reset", "s/gone", "s/b"})
	var done []int
	r.cfg.Notify = func(e Event) {
		if e.Total > 0 {
			done = append(done, e.Done)
		}
	}
	got := outcomes(t, r, cells)
	for probe, want := range map[string]struct {
		outcome, other matrix.Outcome
		detail         string
		flaky          bool
	}{
		"s/a":             {matrix.Pass, "", "", false},
		"s/oops":          {matrix.Crash, matrix.Crash, "BUG: unable to handle kernel NULL pointer dereference", false},
		"s/once":          {matrix.Crash, matrix.Pass, "Kernel panic - not syncing: once", true},
		"s/killed":        {matrix.Pass, matrix.Infra, "", false},
		"s/always-killed": {matrix.Infra, matrix.Infra, "QEMU was killed (signal: killed)", false},
		"s/panicked":      {matrix.Crash, matrix.Crash, "the kernel panicked", false},
		"s/reset":         {matrix.Crash, matrix.Crash, "without a word", false},
		"s/gone":          {matrix.Lost, matrix.Lost, errGone.Error(), false},
		"s/b":             {matrix.Pass, "", "", false},
	} {
		res := got["good/m/"+probe]
		other := matrix.Outcome("")
		if res.Other != nil {
			other = res.Other.Outcome
			if res.Other.Session == res.Session {
				t.Errorf("%s: both attempts were in guest %d", probe, res.Session)
			}
		}
		if res.Outcome != want.outcome || other != want.other || !strings.Contains(res.Detail, want.detail) || res.Flaky() != want.flaky {
			t.Errorf("%s: %s, %q, the other attempt %q, flaky %v; want %+v", probe, res.Outcome, res.Detail, other, res.Flaky(), want)
		}
	}
	if booted["good"] != 1 {
		t.Errorf("%d boots, want 1: clones go on", booted["good"])
	}
	if !slices.IsSorted(done) || done[len(done)-1] != len(cells) {
		t.Errorf("it told of %v done cells", done)
	}
	guests, err := guestsOf(r)
	if err != nil {
		t.Fatal(err)
	}
	ended := map[string]int{}
	for _, g := range guests {
		ended[g.Probe+" "+string(g.Outcome)]++
	}
	// Of each attempt, the guest that ended of it.
	for _, want := range []string{"s/oops crash", "s/once crash", "s/killed infra", "s/always-killed infra", "s/gone lost"} {
		n := 2
		if want == "s/once crash" || want == "s/killed infra" {
			n = 1
		}
		if ended[want] != n {
			t.Errorf("%d guests ended as %q, want %d, of %v", ended[want], want, n, ended)
		}
	}
}

// TestTheHostsOwnFaultIsNotTriedAgain has QEMU never start.
func TestTheHostsOwnFaultIsNotTriedAgain(t *testing.T) {
	r, cells, _ := newFake(t, []string{"no-qemu"}, []string{"s/a"})
	if res := outcomes(t, r, cells)["no-qemu/m/s/a"]; res.Outcome != matrix.Infra || res.Other != nil {
		t.Errorf("the result is %+v", res)
	}
}

// TestAHangKeepsItsEvidence has two guests hang, of which one complains.
func TestAHangKeepsItsEvidence(t *testing.T) {
	r, cells, _ := newFake(t, []string{"good"}, []string{"s/spin", "s/stalls", "s/a"})
	r.cfg.Deadlines.Probe, r.cfg.Deadlines.grace, r.cfg.DumpMiB = 20*time.Millisecond, time.Millisecond, 1
	got := outcomes(t, r, cells)
	if res := got["good/m/s/stalls"]; res.Outcome != matrix.Hang || !strings.HasSuffix(res.Detail, "; the kernel said: BUG: soft lockup in spins") {
		t.Errorf("stalls is %s, %q", res.Outcome, res.Detail)
	}
	if res := got["good/m/s/spin"]; res.Outcome != matrix.Hang || res.Other == nil || res.Other.Outcome != matrix.Hang {
		t.Errorf("spin is %+v", res)
	}
	guests, err := guestsOf(r)
	if err != nil || len(guests) != 5 {
		t.Fatalf("%d guests are kept, want 5 (%v)", len(guests), err)
	}
	for _, g := range guests[:4] {
		var what []string
		for _, e := range g.Evidence {
			what = append(what, e.What+" "+e.Error)
			if e.File == "" {
				continue
			}
			if text, err := os.ReadFile(filepath.Join(r.cfg.Store.Dir(), e.File)); err != nil || len(text) == 0 && e.Error == "" {
				t.Errorf("%s holds %q (%v)", e.File, text, err)
			}
		}
		// One examination, though the guest passed two deadlines.
		if want := []string{"registers ", "tasks " + errGone.Error(), "memory " + errGone.Error(), "a panic "}; !slices.Equal(what, want) {
			t.Errorf("guest %d: the evidence is %q, want %q", g.Session, what, want)
		}
	}
	if g := guests[4]; g.Phase != "done" || len(g.Evidence) > 0 {
		t.Errorf("the last guest is %+v", g)
	}
}

// TestAnInterruptKeepsACrashThatWasNotTriedAgain interrupts in the probe behind.
func TestAnInterruptKeepsACrashThatWasNotTriedAgain(t *testing.T) {
	b := batch{kernel: "good", machine: "m", boot: 1}
	r, _, _ := newFake(t, []string{"good"}, []string{"s/a", "s/b"})
	first := attempts{"s/a": {Boot: 1, Attempt: matrix.Attempt{Outcome: matrix.Crash}}, "s/b": {Boot: 1, Attempt: matrix.Attempt{Outcome: matrix.Infra}}}
	if err := first.flush(r, b); err != nil {
		t.Fatal(err)
	}
	stored, err := store.Open(r.cfg.Store.Dir())
	if err != nil || len(stored.Results) != 1 || stored.Results[0].Probe != "s/a" || stored.Results[0].Outcome != matrix.Crash {
		t.Errorf("stored are %+v (%v), want the crash of s/a", stored.Results, err)
	}
}

// guestsOf reads the guests of a run.
func guestsOf(r *Runner) ([]matrix.Guest, error) {
	stored, err := store.Open(r.cfg.Store.Dir())
	if err != nil {
		return nil, err
	}
	return stored.Guests, nil
}

// TestAnAnswerThatComesTooLateIsNone has a probe answer while its guest is examined.
func TestAnAnswerThatComesTooLateIsNone(t *testing.T) {
	r, cells, _ := newFake(t, []string{"good"}, []string{"s/tardy", "s/a"})
	r.cfg.Deadlines.Probe = 20 * time.Millisecond
	got := outcomes(t, r, cells)
	if res := got["good/m/s/tardy"]; res.Outcome != matrix.Hang || !strings.Contains(res.Detail, "answered while the guest was examined: no answer within 20ms") {
		t.Errorf("it is %s, %q", res.Outcome, res.Detail)
	}
}
