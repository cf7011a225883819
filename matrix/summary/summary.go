// Package summary condenses a comparison to what fits on a screen, as data: of each
// kernel how often it shows what, the families of probes that kernels answer differently,
// the costs that differ, and the points that this comes to, the most important first.
//
// It knows no kernel and no probe by name, and makes no sentences: those are made where
// they are written.
package summary

import (
	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// Summary is a comparison, condensed.
type Summary struct {
	// Kernels are in the order of the columns.
	Kernels []Kernel
	// Families are those that differ in behaviour, the worst first.
	Families []Family
	// Costs are those that differ.
	Costs []Cost
	// Points are the most important first.
	Points []Point
}

// Of condenses a comparison of results.
func Of(c compare.Comparison, results []matrix.Result) Summary {
	s := Summary{Kernels: kernels(c), Families: families(c), Costs: costs(c)}
	s.Points = points(c, results, s)
	return s
}
