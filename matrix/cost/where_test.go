package cost

import (
	"math"
	"testing"

	"kmatrix/matrix"
)

// TestPassesThatDeviateAreNoDraws has samples fall into a function in a tenth of the
// passes, and in those into nothing else: a thousand samples are a hundred draws.
func TestPassesThatDeviateAreNoDraws(t *testing.T) {
	f := matrix.FunctionSamples{Name: "a", Samples: 100, Squares: 1000}
	even, clustered := f, f
	even.Squares = 100
	p := matrix.Profile{ProfileCounts: matrix.ProfileCounts{Samples: 1000, Passes: 100}}
	if got, want := variance(even, p), 0.1*0.9/1000; math.Abs(got/want-1) > 0.01 {
		t.Errorf("even: %g, want %g", got, want)
	}
	// Ten in each of ten passes of a hundred: a share of 0.1 of a hundred draws.
	if got, want := variance(clustered, p), 0.1*0.9/99; math.Abs(got/want-1) > 0.01 {
		t.Errorf("clustered: %g, want %g", got, want)
	}
}
