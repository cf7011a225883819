package stats

import (
	"github.com/aclements/go-moremath/stats"
	"gonum.org/v1/gonum/stat/distuv"
)

// ClopperPearson returns the exact 95 % interval of a rate of which k of n were seen.
func ClopperPearson(k, n int) (low, high float64) {
	low, high = 0, 1
	if k > 0 {
		low = distuv.Beta{Alpha: float64(k), Beta: float64(n - k + 1)}.Quantile(Alpha / 2)
	}
	if k < n {
		high = distuv.Beta{Alpha: float64(k + 1), Beta: float64(n - k)}.Quantile(1 - Alpha/2)
	}
	return low, high
}

// Fisher returns the probability of rates at least as unequal as k of n and l of m, by
// Fisher's exact test, when both are the same.
func Fisher(k, n, l, m int) float64 {
	d := stats.HypergeometicDist{N: n + m, K: k + l, Draws: n}
	seen, p := d.PMF(float64(k)), 0.0
	for i := max(0, k+l-m); i <= min(n, k+l); i++ {
		if q := d.PMF(float64(i)); q <= seen*(1+1e-9) {
			p += q
		}
	}
	return min(1, p)
}
