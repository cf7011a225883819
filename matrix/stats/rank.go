package stats

import (
	"math"
	"slices"
	"sort"

	"github.com/aclements/go-moremath/stats"
	"golang.org/x/perf/benchmath"
	"gonum.org/v1/gonum/stat/combin"
	"gonum.org/v1/gonum/stat/distuv"
)

// FewestRanked is how many values a side the rank test needs to call anything
// significant at all: of three against three, the clearest has p = 0.1.
const FewestRanked = 4

// FewestRankedOf returns how many values a side the rank test needs, so that one of so
// many tests can be significant: the clearest order of them has a probability of
// 2 in C(2n, n).
func FewestRankedOf(tests int) int {
	n := FewestRanked
	for 2*float64(tests)/math.Exp(combin.LogGeneralizedBinomial(float64(2*n), float64(n))) >= Alpha {
		n++
	}
	return n
}

// Differ returns the p-value of the two-sided Mann-Whitney test.
func Differ(a, b []float64) float64 {
	return benchmath.AssumeNothing.Compare(sampleOf(a), sampleOf(b)).P
}

// Equivalent returns the p-value of the test that two sides differ by less than a part:
// the larger of two one-sided Mann-Whitney tests at that margin (TOST).
func Equivalent(a, b []float64, margin float64) float64 {
	return max(
		oneSided(a, scaled(b, 1+margin), stats.LocationLess),
		oneSided(a, scaled(b, 1/(1+margin)), stats.LocationGreater))
}

// oneSided returns the p-value of the Mann-Whitney test that a is less, or greater, than b.
func oneSided(a, b []float64, alt stats.LocationHypothesis) float64 {
	r, err := stats.MannWhitneyUTest(a, b, alt)
	if err != nil {
		return 1 // all values are equal, and nothing is less or greater
	}
	return r.P
}

func scaled(values []float64, by float64) []float64 {
	list := slices.Clone(values)
	for i := range list {
		list[i] *= by
	}
	return list
}

// exactLimit is the largest side whose rank statistic is taken exactly.
const exactLimit = 40

// RatioInterval returns the interval, at that level, of the factor between two samples,
// as the rank test sees it: the factors by which b could be multiplied without a
// significant difference (Hodges and Lehmann). 0 and 0 where it is not finite.
func RatioInterval(a, b []float64, alpha float64) (low, high float64) {
	var ratios []float64
	for _, x := range a {
		for _, y := range b {
			ratios = append(ratios, x/y)
		}
	}
	slices.Sort(ratios)
	n, m := len(a), len(b)
	k := 0
	if max(n, m) <= exactLimit {
		u := stats.UDist{N1: n, N2: m}
		k = sort.Search(n*m, func(k int) bool { return u.CDF(float64(k)) > alpha/2 })
	} else {
		mean, sd := float64(n*m)/2, math.Sqrt(float64(n)*float64(m)*float64(n+m+1)/12)
		k = int(mean + sd*distuv.UnitNormal.Quantile(alpha/2))
	}
	if k == 0 {
		return 0, 0
	}
	return ratios[k-1], ratios[len(ratios)-k]
}
