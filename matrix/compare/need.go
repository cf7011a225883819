package compare

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/combin"
	"gonum.org/v1/gonum/stat/distuv"

	"kmatrix/matrix"
)

const (
	// power is the chance of a verdict that the number of boots is chosen for.
	power = 0.8
	// rankEfficiency is how much of normal data the rank test uses (3/π).
	rankEfficiency = 3 / math.Pi
	// MostBoots is the largest number of boots that is worth saying.
	MostBoots = 1000
	// narrowing is from how many boots on the interval of a median leaves out the
	// smallest and the largest.
	narrowing = 9
)

// need estimates how many boots a side it takes to show a difference of the size
// that was seen, or that there is none beyond the margin, whichever takes fewer,
// when so many probes are compared; or says what would not let any do. The spread of the
// boots is taken for normal, on a logarithmic scale.
func (k *Delta) need(probes int) (boots int, limit LimitationCode) {
	probes = max(1, probes) * max(1, k.Looks)
	fewest := fewestRanked(probes)
	tolerance := math.Log1p(k.Tolerance)
	if k.clock == matrix.ClockIcount {
		fewest = narrowing
	}
	have := min(k.Boots, k.OtherBoots)
	if have < 2 {
		// One boot tells of no spread.
		if k.clock == matrix.ClockIcount {
			return 3, Unlimited
		}
		return max(8, fewest), Unlimited
	}
	variance := (stat.Variance(logs(k.side), nil) + stat.Variance(logs(k.beside), nil)) / 2
	d, margin := math.Abs(math.Log(k.Ratio)), math.Log1p(k.Margin)
	size := func(alpha, beta, gap float64) float64 {
		if gap <= 0 {
			return math.Inf(1)
		}
		z := distuv.UnitNormal.Quantile(1-alpha) + distuv.UnitNormal.Quantile(1-beta)
		return math.Ceil(2 * z * z * variance / (gap * gap) / rankEfficiency)
	}
	n := min(
		size(Alpha/2/float64(probes), 1-power, d-tolerance),
		size(Alpha/float64(probes), (1-power)/2, margin-tolerance-d),
	)
	if n > MostBoots {
		return 0, TooWide
	}
	return max(int(n), fewest, have+1), Unlimited
}

func logs(values []float64) []float64 {
	list := make([]float64, len(values))
	for i, v := range values {
		list[i] = math.Log(v)
	}
	return list
}

// fewestRanked returns how many boots a side the rank test needs, so that one of so
// many probes can be significant: the clearest order of them has a probability of
// 2 in C(2n, n).
func fewestRanked(probes int) int {
	n := fewestBoots
	for 2*float64(probes)/math.Exp(combin.LogGeneralizedBinomial(float64(2*n), float64(n))) >= Alpha {
		n++
	}
	return n
}
