package compare

import (
	"math"
	"slices"
	"sort"

	"github.com/aclements/go-moremath/stats"
	"golang.org/x/perf/benchmath"
	"gonum.org/v1/gonum/stat/distuv"
)

// fewestBoots is how many boots a side the rank test needs to call anything
// significant at all: of three against three, the clearest has p = 0.1.
const fewestBoots = 4

// rank compares times: by the Mann-Whitney test whether they differ, by two
// one-sided ones at the margin (TOST) whether they are the same, each with Holm's
// correction over all, after that for looks.
func rank(all []*Delta) {
	var differ, same []float64
	var tested []*Delta
	for _, k := range all {
		if n := min(k.Boots, k.OtherBoots); n < fewestBoots {
			k.Limit = Limitation{Code: TooFewBoots, Boots: n, Fewest: fewestBoots}
			k.Need = max(8, fewestRanked(len(all)*max(1, k.Looks)))
			continue
		}
		k.Low, k.High = shift(k.side, k.beside, k.alpha())
		differ = append(differ, k.split(benchmath.AssumeNothing.Compare(sampleOf(k.side), sampleOf(k.beside)).P))
		same = append(same, k.split(max(
			oneSided(k.side, scaled(k.beside, 1+k.Margin), stats.LocationLess),
			oneSided(k.side, scaled(k.beside, 1/(1+k.Margin)), stats.LocationGreater))))
		tested = append(tested, k)
	}
	differ, same = holm(differ), holm(same)
	for i, k := range tested {
		k.P, k.PSame = &differ[i], &same[i]
	}
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

// shift returns the interval, at that level, of the factor between two samples, as the rank test
// sees it: the factors by which b could be multiplied without a significant
// difference (Hodges and Lehmann). 0 and 0 where it is not finite.
func shift(a, b []float64, alpha float64) (low, high float64) {
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

// holm corrects the p-values of several tests (Holm, 1979), so that the chance
// that any of them errs is below the level that each is held to.
func holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		switch {
		case p[i] < p[j]:
			return -1
		case p[i] > p[j]:
			return 1
		}
		return i - j
	})
	adjusted, most := make([]float64, len(p)), 0.0
	for rank, i := range order {
		most = max(most, min(1, p[i]*float64(len(p)-rank)))
		adjusted[i] = most
	}
	return adjusted
}
