// Package stats has the statistics that verdicts rest on, over plain numbers.
//
// Rates of few boots have exact intervals and an exact test (exact.go). Times are
// compared by rank (rank.go), and medians have their interval without an assumed
// distribution (median.go). The probabilities of several tests are corrected together
// (correction.go), and [Needed] says how many values would tell (need.go).
package stats

// Alpha is the error rate of a comparison: of all its probes together, and of all the
// analyses of it.
const Alpha = 0.05
