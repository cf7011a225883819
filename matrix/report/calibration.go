package report

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// calibration says what A/A runs of the host showed, as far as they were made; the
// table of one has its smallest changes probe by probe.
func calibration(b *bytes.Buffer, doc Document) {
	width := doc.Options.Width
	for _, m := range doc.Run.Machines {
		var of []matrix.Calibration
		for _, c := range doc.Run.Calibrations {
			if c.Machine.Name == m.Name {
				of = append(of, c)
			}
		}
		if c, ok := compare.Calibrations(of); ok {
			wrap(b, calibrated(c), "  ", width)
		}
		if !doc.Run.AA || len(of) == 0 {
			continue
		}
		own, _ := compare.Calibrations(of[len(of)-1:])
		for i, s := range smallest(own.Detectable) {
			if i == 0 {
				fmt.Fprintln(b, "The smallest changes that this run would have seen:")
			}
			wrap(b, "- "+s, "  ", width)
		}
	}
}

// calibrated says what A/A runs on one machine showed together.
func calibrated(c compare.Calibrated) string {
	runs, by := "run", ""
	if c.Runs > 1 {
		runs = "runs"
	}
	if c.Clock != "" {
		by = ", by the clock " + string(c.Clock)
	}
	boots := strings.ReplaceAll(strings.Trim(fmt.Sprint(c.Boots), "[]"), " ", ", ")
	s := fmt.Sprintf("A/A on %s: %s beside itself in %d %s of %s boots a side%s: %d of %d comparisons found a difference that is none (%.1f…%.1f %%)",
		c.Machine, c.Kernel, c.Runs, runs, boots, by, c.False, c.Compared, 100*c.Low, 100*c.High)
	if probe, worst, median, ok := matrix.Worst(c.Detectable); ok {
		s += fmt.Sprintf("; the smallest change of a cost that is seen: %s (median of %d), at worst %s (%s)", percent(median), len(c.Detectable), percent(worst), probe)
	}
	return s + "."
}

// smallest says by probe the smallest change of its cost that is seen: a line for each
// size, with the patterns of its probes.
func smallest(detectable map[string]float64) []string {
	probes := slices.Sorted(maps.Keys(detectable))
	var sizes []string
	by := map[string][]string{} // by the size as it is printed
	for _, p := range probes {
		size := percent(detectable[p])
		if by[size] == nil {
			sizes = append(sizes, size)
		}
		by[size] = append(by[size], p)
	}
	slices.SortStableFunc(sizes, func(a, b string) int { return cmp.Compare(detectable[by[a][0]], detectable[by[b][0]]) })
	var list []string
	for _, size := range sizes {
		list = append(list, size+": "+strings.Join(compare.Cover(by[size], probes), ", "))
	}
	return list
}
