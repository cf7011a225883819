package report

import (
	"fmt"
	"slices"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/cost"
)

// usage is what a pass took beside the CPU's time, which a cost does not hold: a line
// under the row of the cost.
type usage struct {
	label string
	// of returns it for a sample; nil where the sample does not tell.
	of func(*matrix.Sample) *float64
	// least is from how much on it is told, of any kernel; 0 tells it where kernels
	// differ in it.
	least float64
}

var usages = []usage{
	{"KiB read from disk", counted(cost.CounterRead), cost.LeastRead},
	{"% of passes waited", waited, 50},
	{"page faults", faults, 0},
	{"major faults", counted(cost.CounterMajorFaults), 1},
	{"pages left cached", counted(cost.CounterResident), 0},
}

// counted returns what a counter says of a pass.
func counted(name string) func(*matrix.Sample) *float64 {
	return func(s *matrix.Sample) *float64 { return cost.PerPass(s, name) }
}

// faults returns how many page faults a pass has, minor and major ones.
func faults(s *matrix.Sample) *float64 {
	minor, major := cost.PerPass(s, cost.CounterMinorFaults), cost.PerPass(s, cost.CounterMajorFaults)
	switch {
	case minor == nil:
		return major
	case major != nil:
		*minor += *major
	}
	return minor
}

// waited returns the percentage of passes that gave the CPU up, to wait.
func waited(s *matrix.Sample) *float64 {
	if s.Iterations == 0 {
		return nil
	}
	v := 100 * float64(s.Waited) / float64(s.Iterations)
	return &v
}

// usage adds the lines of a row of costs: those that tell its kernels apart, or how they
// wait; with all, whatever its samples hold.
func (g *grid) usage(r compare.Row, all bool) {
	for _, u := range usages {
		row := gridRow{label: "    " + u.label}
		var values []float64
		for _, cell := range r.Cells {
			text := ""
			if s := cell.Sample(); s != nil {
				if v := u.of(s); v != nil {
					values, text = append(values, *v), fmt.Sprintf("%.4g", *v)
				}
			}
			row.cells = append(row.cells, text)
		}
		if len(values) == 0 {
			continue
		}
		low, high := slices.Min(values), slices.Max(values)
		if all && high > 0 || u.least > 0 && high >= u.least || u.least == 0 && cost.Apart(low, high) {
			g.rows = append(g.rows, row)
		}
	}
}
