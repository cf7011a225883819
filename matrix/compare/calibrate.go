package compare

import (
	"slices"

	"kmatrix/matrix"
	"kmatrix/matrix/stats"
)

// Calibrate makes what an A/A run shows of a machine: the last column beside the
// baseline, which is the same kernel.
func (c Comparison) Calibrate(run matrix.Run, m matrix.Machine) matrix.Calibration {
	cal := matrix.Calibration{Run: run.ID, Made: run.Started, Machine: m, Detectable: map[string]float64{}}
	again := len(c.Columns) - 1
	cal.Kernel, cal.Version = run.Baseline, c.Columns[again].Version
	for _, r := range c.Rows {
		if r.Machine != m.Name {
			continue
		}
		cell := r.Cells[again]
		switch cell.Verdict {
		case matrix.NoVerdict:
			continue
		case matrix.VerdictDiffers, matrix.VerdictWorse, matrix.VerdictBetter, matrix.VerdictNotOrdered:
			cal.False++
		case matrix.VerdictSame:
			cal.Same++
		}
		cal.Compared++
		for _, k := range cell.Deltas {
			cal.Clock = k.Clock
			if k.Low > 0 {
				cal.Detectable[r.Probe] = k.Detectable()
			}
		}
	}
	return cal
}

// Calibrated is what A/A runs on one machine showed together.
type Calibrated struct {
	// Machine, Kernel and Clock are those of the last run; Clock is "" where no costs
	// were measured.
	Machine, Kernel string
	Clock           matrix.Clock
	// Runs is how many there are, and Boots how many boots a side they had, each
	// number once.
	Runs  int
	Boots []int
	// Compared counts the comparisons, and False those that found a difference that
	// is none; Low and High are the exact 95 % interval of that rate.
	Compared, False int
	Low, High       float64
	// Detectable is, by probe, the smallest part by which a cost can change and be
	// found to in each of the runs.
	Detectable map[string]float64
}

// Calibrations puts A/A runs on one machine together; false where they compared
// nothing.
func Calibrations(all []matrix.Calibration) (Calibrated, bool) {
	c := Calibrated{Runs: len(all), Detectable: map[string]float64{}}
	for _, cal := range all {
		c.Machine, c.Kernel, c.Clock = cal.Machine.Name, cal.Kernel, cal.Clock
		c.Compared, c.False = c.Compared+cal.Compared, c.False+cal.False
		if !slices.Contains(c.Boots, cal.Machine.Boots) {
			c.Boots = append(c.Boots, cal.Machine.Boots)
		}
		for p, d := range cal.Detectable {
			c.Detectable[p] = max(c.Detectable[p], d)
		}
	}
	if c.Compared == 0 {
		return c, false
	}
	c.Low, c.High = stats.ClopperPearson(c.False, c.Compared)
	return c, true
}
