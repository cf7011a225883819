package stats

import "slices"

// Holm corrects the p-values of several tests (Holm, 1979), so that the chance
// that any of them errs is below the level that each is held to.
func Holm(p []float64) []float64 {
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

// Bonferroni corrects a p-value for so many analyses of data that grow: that of a
// difference that is none, at whichever analysis, is then at most what each is held to.
// 0 analyses are one.
func Bonferroni(p float64, analyses int) float64 { return min(1, p*float64(max(1, analyses))) }
