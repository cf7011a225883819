package cost

import (
	"kmatrix/matrix"
	"kmatrix/matrix/stats"
)

// Decide gives the comparisons of two columns their verdicts, those that nothing limits.
// Holm's correction is over the probes of these.
func Decide(list []*Delta) {
	var all, ranked []*Delta
	for _, k := range list {
		if k.Limit.Code != Unlimited {
			continue
		}
		all = append(all, k)
		if k.Clock == matrix.ClockIcount {
			k.count()
		} else {
			ranked = append(ranked, k)
		}
	}
	rank(ranked)
	for _, k := range all {
		k.decide()
		if k.Reads != nil && k.Limit.Code == Unlimited {
			k.Verdict = k.Reads.order(k.Verdict)
		}
		if k.Verdict == matrix.VerdictInconclusive && k.Limit.Code == Unlimited {
			k.Need, k.Limit.Code = k.need(len(ranked))
		}
	}
}

// count gives a comparison of counted instructions its interval. Nothing is random
// in it but how the boots themselves differ: that is seen from two boots on, and
// the tolerance stands for what was not seen.
func (k *Delta) count() {
	low, high := stats.MedianInterval(k.side, k.alpha())
	otherLow, otherHigh := stats.MedianInterval(k.beside, k.alpha())
	k.Low = low / otherHigh / (1 + k.Tolerance)
	k.High = high / otherLow * (1 + k.Tolerance)
}

// rank compares times: by the Mann-Whitney test whether they differ, by two
// one-sided ones at the margin (TOST) whether they are the same, each with Holm's
// correction over all, after that for interim analyses.
func rank(all []*Delta) {
	var differ, same []float64
	var tested []*Delta
	for _, k := range all {
		if n := min(k.Boots, k.OtherBoots); n < stats.FewestRanked {
			k.Limit = Limitation{Code: TooFewBoots, Boots: n, Fewest: stats.FewestRanked}
			k.Need = max(8, stats.FewestRankedOf(len(all)*max(1, k.Analyses)))
			continue
		}
		k.Low, k.High = stats.RatioInterval(k.side, k.beside, k.alpha())
		differ = append(differ, stats.Bonferroni(stats.Differ(k.side, k.beside), k.Analyses))
		same = append(same, stats.Bonferroni(stats.Equivalent(k.side, k.beside, k.Margin), k.Analyses))
		tested = append(tested, k)
	}
	differ, same = stats.Holm(differ), stats.Holm(same)
	for i, k := range tested {
		k.P, k.PSame = &differ[i], &same[i]
	}
}

// decide makes a verdict of the interval and the tests. A difference that is shown
// is told, however small; what is called the same has been shown to be within the
// margin.
func (k *Delta) decide() {
	differs, same := false, false
	if k.Clock == matrix.ClockIcount {
		differs = k.Low > 1 || k.High < 1
		same = k.High <= 1+k.Margin && k.Low >= 1/(1+k.Margin)
	} else if k.P != nil {
		differs, same = *k.P < stats.Alpha, *k.PSame < stats.Alpha
	}
	switch {
	case differs && (k.Ratio > 1) == (k.better != matrix.Higher):
		k.Verdict = matrix.VerdictWorse
	case differs:
		k.Verdict = matrix.VerdictBetter
	case same:
		k.Verdict = matrix.VerdictSame
	default:
		k.Verdict = matrix.VerdictInconclusive
	}
}

// narrowing is from how many boots on the interval of a median leaves out the
// smallest and the largest.
const narrowing = 9

// need estimates how many boots a side it takes for a verdict when so many probes are
// compared by rank, see [stats.Needed]; or says what would not let any do.
func (k *Delta) need(probes int) (boots int, limit LimitationCode) {
	probes = max(1, probes) * max(1, k.Analyses)
	fewest := stats.FewestRankedOf(probes)
	if k.Clock == matrix.ClockIcount {
		fewest = narrowing
	}
	have := min(k.Boots, k.OtherBoots)
	if have < 2 {
		// One boot tells of no spread.
		if k.Clock == matrix.ClockIcount {
			return 3, Unlimited
		}
		return max(8, fewest), Unlimited
	}
	n, ok := stats.Needed(k.side, k.beside, k.Ratio, k.Tolerance, k.Margin, probes)
	if !ok {
		return 0, TooWide
	}
	return max(n, fewest, have+1), Unlimited
}
