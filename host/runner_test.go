package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kmatrix/guest/wire"
	"kmatrix/matrix"
	"kmatrix/matrix/store"
)

// outcomes runs the cells and returns outcome and detail by cell, having seen
// to it that each cell has exactly one result, and that it is stored.
func outcomes(t *testing.T, r *Runner, cells []matrix.Cell) map[string]matrix.Result {
	t.Helper()
	results := run(t, r, cells)
	by := map[string]matrix.Result{}
	for _, res := range results {
		if _, twice := by[res.Cell]; twice {
			t.Errorf("%s has two results", res.Cell)
		}
		by[res.Cell] = res
	}
	for _, c := range cells {
		if _, ok := by[c.ID()]; !ok {
			t.Errorf("%s has no result", c.ID())
		}
	}
	stored, err := store.Open(r.cfg.Store.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if len(stored.Results) != len(results) {
		t.Errorf("%d results are stored, and the store tells of %d", len(stored.Results), len(results))
	}
	return by
}

func TestEveryCellHasOneOutcomeWhateverTheGuestDoes(t *testing.T) {
	r, cells, booted := newFake(t, []string{"good"}, []string{"s/a", "s/oops", "s/b", "s/gone", "s/died", "s/forge", "s/c"})
	got := outcomes(t, r, cells)
	for probe, want := range map[string]struct {
		outcome matrix.Outcome
		detail  string
	}{
		"s/a":     {matrix.Pass, ""},
		"s/oops":  {matrix.Crash, "BUG: unable to handle kernel NULL pointer dereference"},
		"s/b":     {matrix.Pass, ""},
		"s/gone":  {matrix.Lost, errGone.Error()},
		"s/died":  {matrix.Crash, "signal: killed"},
		"s/forge": {matrix.Pass, ""},
		"s/c":     {matrix.Pass, ""},
	} {
		res := got["good/m/"+probe]
		if res.Outcome != want.outcome || !strings.Contains(res.Detail, want.detail) {
			t.Errorf("%s: %s, %q; want %s, …%q…", probe, res.Outcome, res.Detail, want.outcome, want.detail)
		}
	}
	if booted["good"] != 1 {
		t.Errorf("%d boots, want 1: after each of the two deaths a clone goes on", booted["good"])
	}
}

// TestMoreBootsFollow asks in more boots, of which a part of the cells has need; the
// image is got but once.
func TestMoreBootsFollow(t *testing.T) {
	r, cells, booted := newFake(t, []string{"good"}, []string{"s/a", "s/b"})
	r.cfg.Jobs = 1 // results in the order of boots
	run(t, r, cells)
	r.cfg.Images = nil
	if err := r.Run(t.Context(), cells[:1], BootRange{After: map[string]int{"m": 1}, UpTo: map[string]int{"m": 3}}); err != nil {
		t.Fatal(err)
	}
	boots := map[string]string{}
	for _, res := range r.cfg.Store.Results() {
		boots[res.Probe] += fmt.Sprint(res.Boot)
	}
	if boots["s/a"] != "123" || boots["s/b"] != "1" || booted["good"] != 3 {
		t.Errorf("boots %v, of %d guests", boots, booted["good"])
	}
}

func TestOneKernelsTroubleIsItsOwn(t *testing.T) {
	r, cells, _ := newFake(t, []string{"good", "no-source", "no-disk", "no-qemu", "mute", "panics"}, []string{"s/a", "s/b"})
	r.cfg.Deadlines.Boot = 50 * time.Millisecond
	got := outcomes(t, r, cells)
	for kernel, want := range map[string]struct {
		outcome matrix.Outcome
		detail  string
	}{
		"good":      {matrix.Pass, ""},
		"no-source": {matrix.Unavailable, "out of reach"},
		"no-disk":   {matrix.Infra, "no space left"},
		"no-qemu":   {matrix.Infra, "start QEMU"},
		"mute":      {matrix.BootFailed, "boot: not over within 50ms"},
		"panics":    {matrix.BootFailed, "Unable to mount root fs"},
	} {
		for _, probe := range []string{"s/a", "s/b"} {
			res := got[kernel+"/m/"+probe]
			if res.Outcome != want.outcome || !strings.Contains(res.Detail, want.detail) {
				t.Errorf("%s: %s, %q; want %s, …%q…", res.Cell, res.Outcome, res.Detail, want.outcome, want.detail)
			}
		}
	}
}

func TestOverdueProbeIsAHangAndTheRestGoesOn(t *testing.T) {
	r, cells, booted := newFake(t, []string{"good"}, []string{"s/spin", "s/a"})
	r.cfg.Deadlines.Probe, r.cfg.Deadlines.grace = 50*time.Millisecond, time.Millisecond
	got := outcomes(t, r, cells)
	if o := got["good/m/s/spin"].Outcome; o != matrix.Hang {
		t.Errorf("spin is %s, want hang", o)
	}
	if o := got["good/m/s/a"].Outcome; o != matrix.Pass || booted["good"] != 1 {
		t.Errorf("the next probe is %s after %d boots, want pass after 1", o, booted["good"])
	}
}

// TestTheGuestIsToldThatAProbeIsOverdue has the guest end it, so that the probe
// behind it is answered by the same guest.
func TestTheGuestIsToldThatAProbeIsOverdue(t *testing.T) {
	r, cells, booted := newFake(t, []string{"good"}, []string{"s/a", "s/slow", "s/b"})
	r.cfg.Deadlines.Probe = 50 * time.Millisecond
	got := outcomes(t, r, cells)
	if res := got["good/m/s/slow"]; res.Outcome != matrix.Hang || res.Detail != "s/slow: no answer within 50ms" {
		t.Errorf("it is %s, %q", res.Outcome, res.Detail)
	}
	if o := got["good/m/s/b"].Outcome; o != matrix.Pass || booted["good"] != 1 {
		t.Errorf("the next probe is %s after %d boots, want pass after 1", o, booted["good"])
	}
}

// TestABudgetComesOnTopOfTheDeadline gives one probe of three a budget that is
// longer than the deadline, and has the one behind it overrun the deadline.
func TestABudgetComesOnTopOfTheDeadline(t *testing.T) {
	for name, test := range map[string]struct {
		asked, want time.Duration
	}{
		"the probe's own": {0, 300 * time.Millisecond},
		"the user's":      {200 * time.Millisecond, 200 * time.Millisecond},
	} {
		r, cells, _ := newFake(t, []string{"good"}, []string{"s/a", "s/works", "s/spin"})
		r.cfg.Deadlines.Probe, r.cfg.Deadlines.grace, r.cfg.Budget = 100*time.Millisecond, time.Millisecond, test.asked
		r.cfg.Probes[1].Budget = 300 * time.Millisecond
		began := time.Now()
		got := outcomes(t, r, cells)
		if res := got["good/m/s/works"]; res.Outcome != matrix.Pass || res.Detail != test.want.String() {
			t.Errorf("%s: %s, %q; want pass after %s", name, res.Outcome, res.Detail, test.want)
		}
		if res := got["good/m/s/spin"]; res.Outcome != matrix.Hang || !strings.Contains(res.Detail, "no answer within 100ms") {
			t.Errorf("%s: the probe behind it is %s, %q", name, res.Outcome, res.Detail)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: it took %s", name, took)
		}
	}
}

func TestInterruptKeepsWhatWasAnswered(t *testing.T) {
	r, cells, _ := newFake(t, []string{"good"}, []string{"s/a", "s/spin"})
	ctx, cancel := context.WithCancel(t.Context())
	r.cfg.Notify = func(e Event) {
		if e.Stage == StageProbe && e.Probe == "s/spin" {
			cancel()
		}
	}
	err := r.Run(ctx, cells, BootRange{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if results := r.cfg.Store.Results(); len(results) != 1 || results[0].Probe != "s/a" {
		t.Errorf("results %v, want s/a's alone", results)
	}
}

func TestFullDiskEndsTheRun(t *testing.T) {
	r, cells, _ := newFake(t, []string{"good", "other"}, []string{"s/a", "s/b"})
	if err := r.cfg.Store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Run(t.Context(), cells, BootRange{}); err == nil {
		t.Error("results that could not be stored gave no error")
	}
}

func TestWhatAnExternalProbePrintedIsKept(t *testing.T) {
	r, cells, _ := newFake(t, []string{"good"}, []string{"s/a", "external/own", "s/b"})
	r.cfg.Probes[1].Program = &matrix.Program{Kind: matrix.ProgramExec, ResultFormat: matrix.FormatLTP}
	got := outcomes(t, r, cells)
	res := got["good/m/external/own"]
	if res.Outcome != matrix.Fail || res.Detail != "exit code 5: failed (TFAIL), warned (TWARN): printed" || res.Test == nil || res.Test.ResultFormat != matrix.FormatLTP || res.Session != 2 || !res.Clone {
		t.Errorf("the result is %+v", res)
	}
	text, err := os.ReadFile(filepath.Join(r.cfg.Store.Dir(), res.Output))
	if err != nil || string(text) != "printed ·[31m\u00e4\n" {
		t.Errorf("%s holds %q (%v)", res.Output, text, err)
	}
	if got["good/m/s/b"].Output != "" || got["good/m/s/b"].Outcome != matrix.Pass {
		t.Errorf("the next result is %+v", got["good/m/s/b"])
	}
}

// TestAFloodOfOutputIsCapped has a guest break what it prints up with answers to
// what was not asked.
func TestAFloodOfOutputIsCapped(t *testing.T) {
	r, cells, _ := newFake(t, []string{"good"}, []string{"external/floods", "s/a"})
	res := outcomes(t, r, cells)["good/m/external/floods"]
	text, err := os.ReadFile(filepath.Join(r.cfg.Store.Dir(), res.Output))
	if n := len([]rune(string(text))); err != nil || n != wire.MaxOutput {
		t.Errorf("%d characters are kept (%v)", n, err)
	}
}

func TestAnExternalProbeHasItsOwnDeadline(t *testing.T) {
	r, _, _ := newFake(t, []string{"good"}, []string{"s/a", "external/own"})
	r.cfg.Deadlines.Probe = time.Hour
	r.cfg.Probes[1].Program = &matrix.Program{Deadline: time.Second}
	if own, other := r.limit([]string{"external/own", "s/a"}, nil), r.limit([]string{"s/a", "external/own"}, nil); own != time.Second || other != time.Hour {
		t.Errorf("it may take %s, another %s", own, other)
	}
}
