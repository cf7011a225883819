package host

import (
	"context"
	"errors"
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
			err := outlast(t.Context(), test.limit, func() float64 { return test.share(time.Since(began)) })
			var starved *starvedError
			if errors.As(err, &starved) != test.starved || !test.starved && !errors.Is(err, errOverdue) {
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
		err := outlast(t.Context(), 30*time.Second, func() float64 {
			if !slept {
				slept = true
				return 1
			}
			if time.Since(began) < 10*time.Second {
				time.Sleep(time.Minute) // and the next look comes late
			}
			return 1
		})
		if took := time.Since(began); !errors.Is(err, errOverdue) || took < 80*time.Second {
			t.Errorf("it ended with %v after %s", err, took)
		}
	})
}

func TestAnEndEndsTheWaiting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := outlast(ctx, time.Hour, func() float64 { return 1 }); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

// TestASlowHostHasLongerDeadlines but a fast one has the same.
func TestASlowHostHasLongerDeadlines(t *testing.T) {
	for speed, want := range map[float64]time.Duration{0: 30 * time.Second, 3: 30 * time.Second, 0.5: time.Minute, 0.001: 10 * time.Minute} {
		if got := (Deadlines{}).orDefault(speed).Probe; got != want {
			t.Errorf("at the speed of %v a probe has %s, want %s", speed, got, want)
		}
	}
	if got := (Deadlines{Probe: time.Second}).orDefault(0.5).Probe; got != time.Second {
		t.Errorf("a deadline that was asked for became %s", got)
	}
}
