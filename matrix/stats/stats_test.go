package stats

import (
	"math"
	"testing"
)

func near(a, b float64) bool { return math.Abs(a-b) < 5e-4 }

// TestKnownValues holds the statistics to values that are published: Fisher's tea,
// Clopper and Pearson's tables, Holm's correction, the smallest probabilities of
// the rank test.
func TestKnownValues(t *testing.T) {
	if p := Fisher(3, 4, 1, 4); !near(p, 0.4857) {
		t.Errorf("Fisher's tea: p = %v", p)
	}
	if p := Fisher(0, 6, 6, 6); !near(p, 2.0/924) {
		t.Errorf("none of six and six of six: p = %v", p)
	}
	for _, test := range []struct {
		k, n      int
		low, high float64
	}{{0, 10, 0, 0.3085}, {10, 10, 0.6915, 1}, {2, 3, 0.0943, 0.9916}, {5, 10, 0.1871, 0.8129}} {
		if low, high := ClopperPearson(test.k, test.n); !near(low, test.low) || !near(high, test.high) {
			t.Errorf("%d of %d: %v…%v", test.k, test.n, low, high)
		}
	}
	got := Holm([]float64{0.01, 0.04, 0.03, 0.005})
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		if !near(got[i], want) {
			t.Errorf("Holm: %v", got)
		}
	}
	for probes, want := range map[int]int{1: 4, 6: 5, 23: 6, 24: 7, 321: 8} {
		if n := FewestRankedOf(probes); n != want {
			t.Errorf("%d probes need %d boots, want %d", probes, n, want)
		}
	}
}

// TestRatioInterval: the interval leaves 1 out exactly where the test finds a difference.
func TestRatioInterval(t *testing.T) {
	a := []float64{1, 1.1, 1.2, 1.3, 1.4, 1.5}
	for _, by := range []float64{0.5, 0.8, 0.95, 1.05, 1.3, 1.6} {
		b := scaled(a, by*1.0001)
		low, high := RatioInterval(a, b, Alpha)
		if low == 0 || low > 1/(by*1.0001) || high < 1/(by*1.0001) {
			t.Errorf("× %v: %v…%v", by, low, high)
		}
		if p := Differ(a, b); (low > 1 || high < 1) != (p < Alpha) {
			t.Errorf("× %v: %v…%v and p = %v", by, low, high, p)
		}
	}
	if low, high := RatioInterval([]float64{1, 2, 3}, []float64{1, 2, 3}, Alpha); low != 0 || high != 0 {
		t.Errorf("three against three have the interval %v…%v", low, high)
	}
	// What is computed exactly meets what is approximated.
	var many []float64
	for i := range 41 {
		many = append(many, 1+float64(i)/100)
	}
	low, high := RatioInterval(many, many, Alpha)
	if low2, high2 := RatioInterval(many[:40], many[:40], Alpha); math.Abs(low-low2) > 0.01 || math.Abs(high-high2) > 0.01 {
		t.Errorf("41 boots: %v…%v; 40 boots: %v…%v", low, high, low2, high2)
	}
}

// TestEquivalence: what is equal is shown to be within the margin, what differs by more
// than it is not.
func TestEquivalence(t *testing.T) {
	a := []float64{0.99, 0.994, 0.997, 1, 1.002, 1.004, 1.007, 1.01}
	if p := Equivalent(a, scaled(a, 1.001), 0.05); p >= Alpha {
		t.Errorf("a tenth of a percent within 5 %%: p = %v", p)
	}
	if p := Equivalent(a, scaled(a, 1.06), 0.05); p < 0.5 {
		t.Errorf("6 %% within 5 %%: p = %v", p)
	}
}

// TestNeeded: a clear difference needs no more than there are, one at the margin's edge
// more than is worth saying, and more tests need more values.
func TestNeeded(t *testing.T) {
	a := []float64{0.8, 0.85, 0.9, 0.97, 1.02, 1.1, 1.2, 1.3}
	if n, ok := Needed([]float64{1, 1.001}, []float64{4, 4.001}, 4, 0, 0.05, 1); !ok || n > 1 {
		t.Errorf("4 times: %d, %v", n, ok)
	}
	if n, ok := Needed(a, scaled(a, 1.0001), 1.0001, 0.05, 0.05, 1); ok {
		t.Errorf("a difference below the tolerance, at the edge of the margin: %d", n)
	}
	one, _ := Needed(a, scaled(a, 1.1), 1.1, 0, 0.05, 1)
	many, ok := Needed(a, scaled(a, 1.1), 1.1, 0, 0.05, 20)
	if one < 10 || many <= one || !ok {
		t.Errorf("a tenth of boots that vary by a fifth: %d, of 20 tests %d, %v", one, many, ok)
	}
}
