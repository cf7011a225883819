package deadline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestAGuestIsGivenTheTimeThatItCouldRun follows deadlines on hosts that are busy,
// that are stopped, and that are fine.
func TestAGuestIsGivenTheTimeThatItCouldRun(t *testing.T) {
	for name, test := range map[string]struct {
		share func(time.Duration) float64
		limit time.Duration
		// after is when it is over, and starved tells how.
		after   time.Duration
		starved bool
	}{
		"idle":                  {func(time.Duration) float64 { return 1 }, 30 * time.Second, 30 * time.Second, false},
		"half of it":            {func(time.Duration) float64 { return 0.5 }, 30 * time.Second, time.Minute, false},
		"stopped for a minute":  {func(at time.Duration) float64 { return map[bool]float64{true: 0, false: 1}[at <= time.Minute] }, 30 * time.Second, 90 * time.Second, false},
		"stopped for good":      {func(time.Duration) float64 { return 0 }, 30 * time.Second, 5 * time.Minute, true},
		"a short one, stopped":  {func(time.Duration) float64 { return 0 }, time.Millisecond, time.Minute, true},
		"a short one, and idle": {func(time.Duration) float64 { return 1 }, time.Millisecond, time.Millisecond, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			err := Wait(t.Context(), test.limit, func() float64 { return test.share(time.Since(began)) })
			var starved *StarvedError
			if errors.As(err, &starved) != test.starved || !test.starved && !errors.Is(err, ErrOverdue) {
				t.Errorf("%s: it ended with %v", name, err)
			}
			if took := time.Since(began); took < test.after || took > test.after+time.Second {
				t.Errorf("%s: it took %s, want %s", name, took, test.after)
			}
		})
	}
}

// TestATimeWithoutKmatrixIsNoneOfTheGuests stops who watches, as a suspended host
// does.
func TestATimeWithoutKmatrixIsNoneOfTheGuests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, slept := time.Now(), false
		err := Wait(t.Context(), 30*time.Second, func() float64 {
			if !slept {
				slept = true
				return 1
			}
			if time.Since(began) < 10*time.Second {
				time.Sleep(time.Minute) // and the next look comes late
			}
			return 1
		})
		if took := time.Since(began); !errors.Is(err, ErrOverdue) || took < 80*time.Second {
			t.Errorf("it ended with %v after %s", err, took)
		}
	})
}

func TestAnEndEndsTheWaiting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Wait(ctx, time.Hour, func() float64 { return 1 }); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

// TestAStepEndsAtItsDeadline has steps end in time, at the deadline, on a host that is
// stopped, by their own error and with their context.
func TestAStepEndsAtItsDeadline(t *testing.T) {
	own := errors.New("own")
	until := func(ctx context.Context) error { <-ctx.Done(); return own }
	for name, test := range map[string]struct {
		share  float64
		do     func(context.Context) error
		want   func(error) bool
		detail string
	}{
		"in time":    {1, func(context.Context) error { return nil }, func(err error) bool { return err == nil }, "<nil>"},
		"its error":  {1, func(context.Context) error { return own }, func(err error) bool { return errors.Is(err, own) }, "own"},
		"overdue":    {1, until, func(err error) bool { return errors.Is(err, ErrOverdue) && errors.Is(err, own) }, "not over within 4s: own"},
		"on a slow":  {0.25, until, func(err error) bool { return errors.Is(err, ErrOverdue) }, "not over within 4s (which took 16s: this host let it run for a part of that only): own"},
		"on a stuck": {0, until, func(err error) bool { var s *StarvedError; return errors.As(err, &s) && !errors.Is(err, ErrOverdue) }, "this host let the guest run for 0s of 1m0s: its CPUs are busy, or QEMU was stopped"},
	} {
		synctest.Test(t, func(t *testing.T) {
			err := Within(t.Context(), 4*time.Second, func() float64 { return test.share }, test.do)
			if !test.want(err) || fmt.Sprint(err) != test.detail {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := Within(ctx, time.Hour, func() float64 { return 1 }, until); !errors.Is(err, own) || errors.Is(err, ErrOverdue) {
			t.Errorf("an end of the context gave %v", err)
		}
	})
}

// TestAWatchdogExaminesBeforeItGivesUp watches a probe that ends in time, one that ends
// while it is examined, and one that does not end; then such that are asked for early.
func TestAWatchdogExaminesBeforeItGivesUp(t *testing.T) {
	for name, test := range map[string]struct {
		probe string
		takes time.Duration
		early time.Duration
		stuck bool
		late  bool
		did   string
	}{
		"in time":          {"a", 9 * time.Second, 0, false, false, ""},
		"while examined":   {"a", 11 * time.Second, 0, false, true, "examine a, overdue a"},
		"never":            {"a", time.Minute, 0, false, true, "examine a, overdue a, overdue"},
		"none begins":      {"", time.Minute, 0, false, false, "overdue"},
		"within the grace": {"", 13 * time.Second, 0, false, false, ""},

		"early":                         {"a", 900 * time.Millisecond, time.Second, true, false, ""},
		"while it is looked at early":   {"a", 2 * time.Second, time.Second, true, false, "stuck? a"},
		"stuck":                         {"a", time.Minute, time.Second, true, true, "stuck? a, overdue a, overdue"},
		"slow, and in time":             {"a", 9 * time.Second, time.Second, false, false, "stuck? a"},
		"stuck otherwise, and for good": {"a", time.Minute, time.Second, false, true, "stuck? a, examine a, overdue a, overdue"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			var did []string
			add := func(what string) { mu.Lock(); defer mu.Unlock(); did = append(did, what) }
			w := Watchdog{
				Share: func() float64 { return 1 }, Grace: 5 * time.Second,
				Stuck:   func(probe string) bool { add("stuck? " + probe); time.Sleep(2 * time.Second); return test.stuck },
				Examine: func(probe string) { add("examine " + probe); time.Sleep(2 * time.Second) },
				Overdue: func(probe string) { add("overdue " + probe) },
				GiveUp:  func(err error) { add(err.Error()) },
			}
			w.Start(t.Context(), test.probe, test.early, 10*time.Second)
			time.Sleep(test.takes)
			w.Stop()
			synctest.Wait()
			if got := strings.Join(did, ", "); got != test.did || w.Late() != test.late || w.Probe() != test.probe {
				t.Errorf("%s: it did %q, late %v", name, got, w.Late())
			}
		})
	}
}
