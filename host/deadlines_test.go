package host

import (
	"testing"
	"time"
)

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
