// Package cost puts what a probe costs in one place beside what it costs in another.
//
// [Beside] makes a [Delta] of the samples of two cells, and [Decide] gives all of two
// columns their verdicts. Instructions that were counted are compared exactly, up to a
// declared tolerance (bounds.go); times by rank. Neither takes the lack of a difference
// for sameness: that is shown, or the verdict is inconclusive. What forbids a verdict is
// a [Limitation]. A delta has the counters that explain it (counters.go), and, where
// profiles were taken, the functions that it is in (where.go).
package cost
