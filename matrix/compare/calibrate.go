package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kmatrix/matrix"
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
		case NoVerdict:
			continue
		case Differs, Worse, Better:
			cal.False++
		case Same:
			cal.Same++
		}
		cal.Compared++
		for _, k := range cell.Contrasts {
			cal.Clock = k.clock
			if k.Low > 0 {
				// A change shifts the interval: seen once 1 is out of it.
				cal.Detectable[r.Probe] = max(k.High/k.Ratio, k.Ratio/k.Low) - 1
			}
		}
	}
	return cal
}

// Calibrated says what A/A runs on one machine showed together; "" for none.
func Calibrated(all []matrix.Calibration) string {
	if len(all) == 0 {
		return ""
	}
	compared, wrong, detectable := 0, 0, worstOf(all)
	var boots []string
	for _, cal := range all {
		compared, wrong = compared+cal.Compared, wrong+cal.False
		if b := fmt.Sprint(cal.Machine.Boots); !slices.Contains(boots, b) {
			boots = append(boots, b)
		}
	}
	if compared == 0 {
		return ""
	}
	last := all[len(all)-1]
	low, high := clopperPearson(wrong, compared)
	by := ""
	if last.Clock != "" {
		by = ", by the clock " + string(last.Clock)
	}
	s := fmt.Sprintf("A/A on %s: %s beside itself in %d run", last.Machine.Name, last.Kernel, len(all))
	if len(all) > 1 {
		s += "s"
	}
	s += fmt.Sprintf(" of %s boots a side%s: %d of %d comparisons found a difference that is none (%.1f…%.1f %%)", strings.Join(boots, ", "), by, wrong, compared, 100*low, 100*high)
	if probe, worst, median, ok := matrix.Worst(detectable); ok {
		s += fmt.Sprintf("; the smallest change of a cost that is seen: %s (median of %d), at worst %s (%s)", percent(median), len(detectable), percent(worst), probe)
	}
	return s + "."
}

// worstOf is the largest of each probe's smallest changes.
func worstOf(all []matrix.Calibration) map[string]float64 {
	detectable := map[string]float64{}
	for _, cal := range all {
		for p, d := range cal.Detectable {
			detectable[p] = max(detectable[p], d)
		}
	}
	return detectable
}

// Smallest says by probe the smallest change that is seen: a line for each size,
// with the patterns of its probes.
func Smallest(all []matrix.Calibration) []string {
	detectable := worstOf(all)
	by := map[string][]string{}
	order := slices.Sorted(maps.Keys(detectable))
	var sizes []string
	for _, p := range order {
		size := percent(detectable[p])
		if by[size] == nil {
			sizes = append(sizes, size)
		}
		by[size] = append(by[size], p)
	}
	slices.SortStableFunc(sizes, func(a, b string) int {
		switch x, y := detectable[by[a][0]], detectable[by[b][0]]; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	var list []string
	for _, size := range sizes {
		list = append(list, size+": "+strings.Join(Cover(by[size], order), ", "))
	}
	return list
}

func percent(part float64) string { return fmt.Sprintf("%.1f %%", 100*part) }
