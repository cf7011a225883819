package summary

import (
	"cmp"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// Cost are the costs of one path that differ between two kernels with one verdict.
type Cost struct {
	Kernel  string
	Against compare.Reference
	Verdict matrix.Verdict
	// Path is the name behind the kind, without sizes where there are several deltas.
	Path string
	// Deltas are those of the path, the one that differs most first.
	Deltas []compare.RowDelta
}

// costs lists the costs that differ, in the order of [compare.Comparison.Costs]: those
// for which the disks read otherwise first.
func costs(c compare.Comparison) []Cost {
	var list []Cost
	for _, f := range c.Costs() {
		if !f.Deltas[0].Differs() {
			continue
		}
		path := pathOf(f.Deltas[0].Row.Probe)
		reads := f.Deltas[0].Reads != nil
		at := slices.IndexFunc(list, func(k Cost) bool {
			return k.Kernel == f.Kernel && k.Against == f.Against && k.Verdict == f.Verdict && pathOf(k.Deltas[0].Row.Probe) == path && (k.Deltas[0].Reads != nil) == reads
		})
		if at < 0 {
			list = append(list, Cost{Kernel: f.Kernel, Against: f.Against, Verdict: f.Verdict, Deltas: f.Deltas})
			continue
		}
		list[at].Deltas = append(list[at].Deltas, f.Deltas...)
	}
	for i := range list {
		k := &list[i]
		_, k.Path = matrix.SplitName(k.Deltas[0].Row.Probe)
		if len(k.Deltas) > 1 {
			k.Path = pathOf(k.Deltas[0].Row.Probe)
		}
	}
	// What the CPU's time does not order comes first, whichever column it is of.
	slices.SortStableFunc(list, func(a, b Cost) int { return cmp.Compare(weight(a), weight(b)) })
	return list
}

func weight(k Cost) int {
	switch {
	case k.Verdict == matrix.VerdictNotOrdered:
		return 0
	case k.Deltas[0].Reads != nil:
		return 1
	}
	return 2
}

// Range returns the least and the largest of the factors.
func (k Cost) Range() (low, high float64) {
	for i, d := range k.Deltas {
		if i == 0 || d.Ratio < low {
			low = d.Ratio
		}
		high = max(high, d.Ratio)
	}
	return low, high
}

// pathOf returns the path of a cost, without the size that is asked for.
func pathOf(probe string) string {
	_, rest := matrix.SplitName(probe)
	if i := strings.LastIndexByte(rest, '/'); i >= 0 {
		return rest[:i]
	}
	return rest
}
