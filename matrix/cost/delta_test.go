package cost

import (
	"kmatrix/matrix"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// pair compares one probe of two kernels that are built alike.
func pair(clock matrix.Clock, probe string, base, other []float64) *Delta {
	unit := map[matrix.Clock]string{matrix.ClockIcount: "insn/B", matrix.ClockWall: "ns/B"}[clock]
	samples := func(values []float64) (list Samples) {
		for _, v := range values {
			list = append(list, &matrix.Sample{Value: v, Unit: unit, Better: matrix.Lower, Clock: clock, Iterations: 4})
		}
		return list
	}
	k := Beside(probe, samples(other), samples(base))
	Decide([]*Delta{k})
	return k
}

func TestVerdictsOnCosts(t *testing.T) {
	eight := func(at float64) []float64 {
		return []float64{at * 0.99, at * 0.994, at * 0.997, at, at * 1.002, at * 1.004, at * 1.007, at * 1.01}
	}
	wide := func(at float64) []float64 {
		return []float64{at * 0.8, at * 0.85, at * 0.9, at * 0.97, at * 1.02, at * 1.1, at * 1.2, at * 1.3}
	}
	const probe = "cost/tee/4k"
	for name, test := range map[string]struct {
		clock       matrix.Clock
		base, other []float64
		probe       string
		want        matrix.Verdict
	}{
		"instructions, one boot, equal":       {matrix.ClockIcount, []float64{1}, []float64{1.001}, probe, matrix.VerdictSame},
		"instructions, one boot, 4 times":     {matrix.ClockIcount, []float64{0.08}, []float64{0.34}, probe, matrix.VerdictWorse},
		"instructions, one boot, a half":      {matrix.ClockIcount, []float64{2}, []float64{1}, probe, matrix.VerdictBetter},
		"instructions, one boot, 0.7 % more":  {matrix.ClockIcount, []float64{1}, []float64{1.007}, probe, matrix.VerdictWorse},
		"instructions, a delay of 1 %":        {matrix.ClockIcount, []float64{1, 1.0002, 1.0004}, []float64{1.0098, 1.01, 1.0101}, probe, matrix.VerdictWorse},
		"instructions, A/A":                   {matrix.ClockIcount, []float64{1, 1.002, 1.004}, []float64{1.001, 1.0005, 1.003}, probe, matrix.VerdictSame},
		"instructions, boots that disagree":   {matrix.ClockIcount, []float64{1, 1.01, 1.02}, []float64{1.01, 0.995, 1.015}, probe, matrix.VerdictInconclusive},
		"the same of a probe that waits":      {matrix.ClockIcount, []float64{1, 1.01, 1.01}, []float64{1.01, 0.995, 1.015}, "cost/read-write-cold/4k", matrix.VerdictSame},
		"time, one boot":                      {matrix.ClockWall, []float64{1}, []float64{4}, probe, matrix.VerdictInconclusive},
		"time, three boots":                   {matrix.ClockWall, []float64{1, 1.1, 1.2}, []float64{4, 4.1, 4.2}, probe, matrix.VerdictInconclusive},
		"time, equal":                         {matrix.ClockWall, eight(1), eight(1.001), probe, matrix.VerdictSame},
		"time, twice":                         {matrix.ClockWall, eight(1), eight(2), probe, matrix.VerdictWorse},
		"time, a tenth less":                  {matrix.ClockWall, eight(1), eight(0.9), probe, matrix.VerdictBetter},
		"time, too wide to tell":              {matrix.ClockWall, wide(1), wide(1.05), probe, matrix.VerdictInconclusive},
		"time, all boots equal":               {matrix.ClockWall, slices.Repeat([]float64{1}, 8), slices.Repeat([]float64{1}, 8), probe, matrix.VerdictSame},
		"what no clock counts":                {matrix.ClockIcount, []float64{0}, []float64{1}, probe, matrix.NoVerdict},
		"a cost beyond all bounds":            {matrix.ClockIcount, []float64{1e-300}, []float64{1e300}, probe, matrix.NoVerdict},
		"what a broken guest says is no cost": {matrix.ClockIcount, []float64{1}, []float64{-1}, probe, matrix.NoVerdict},
	} {
		k := pair(test.clock, test.probe, test.base, test.other)
		if k.Verdict != test.want || (k.Limit.Code != Unlimited) && (test.want == matrix.VerdictWorse || test.want == matrix.VerdictSame) {
			t.Errorf("%s: %q (%s), %.4g (%.4g…%.4g), p %v", name, k.Verdict, k.Limit.Code, k.Ratio, k.Low, k.High, k.P)
		}
		if test.want == matrix.VerdictInconclusive && k.Need <= min(len(test.base), len(test.other)) {
			t.Errorf("%s: it would take %d boots", name, k.Need)
		}
	}
}

// TestOneBootByWallClockIsToldWhatItTakes asks too few boots for any verdict.
func TestOneBootByWallClockIsToldWhatItTakes(t *testing.T) {
	for _, n := range []int{1, 3} {
		k := pair(matrix.ClockWall, "cost/tee/4k", slices.Repeat([]float64{1}, n), slices.Repeat([]float64{4}, n))
		if want := (Limitation{Code: TooFewBoots, Boots: n, Fewest: 4}); k.Verdict != matrix.VerdictInconclusive || k.Limit != want || k.Need != 8 {
			t.Errorf("%d boots: %s, %+v, %d boots would do", n, k.Verdict, k.Limit, k.Need)
		}
	}
}

// TestNeedIsEnough takes the number of boots that an inconclusive comparison asks
// for, of a difference that is there.
func TestNeedIsEnough(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	draw := func(n int, at float64) []float64 {
		var list []float64
		for range n {
			list = append(list, at*math.Exp(r.NormFloat64()*0.05))
		}
		return list
	}
	asked, found := 0, 0
	for range 100 {
		k := pair(matrix.ClockWall, "cost/tee/4k", draw(5, 1), draw(5, 1.08))
		if k.Verdict != matrix.VerdictInconclusive || k.Need == 0 || k.Need > 60 {
			continue
		}
		asked++
		if v := pair(matrix.ClockWall, "cost/tee/4k", draw(k.Need, 1), draw(k.Need, 1.08)).Verdict; v == matrix.VerdictWorse {
			found++
		}
	}
	if asked < 20 || found < asked/2 {
		t.Errorf("of %d that were repeated with the boots they asked for, %d found the difference", asked, found)
	}
}
