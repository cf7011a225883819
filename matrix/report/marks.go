package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// Marks stand behind what a cell shows.
const (
	markDiffers      = "≠"
	markWorse        = "▲"
	markBetter       = "▼"
	markNotOrdered   = "≷"
	markSame         = "="
	markInconclusive = "?"
	markIndicative   = "~"
	markOther        = "†"
)

// verdictMarks are those of verdicts. That a behaviour is the baseline's needs no
// mark: it can be seen.
var verdictMarks = map[matrix.Verdict]string{
	matrix.VerdictDiffers: markDiffers, matrix.VerdictWorse: markWorse, matrix.VerdictBetter: markBetter, matrix.VerdictNotOrdered: markNotOrdered, matrix.VerdictInconclusive: markInconclusive,
}

// costText returns what a cell with a sample says: the median boot's value, where there is
// room with its interval and the factor, and its marks.
func costText(c compare.Comparison, column int, cell compare.Cell, wide bool) string {
	sample := cell.Sample()
	s := fmt.Sprintf("%.3g %s", sample.Value, sample.Unit)
	if wide {
		low, high, ok := cell.Samples().Spread()
		if !ok {
			low, high = sample.Low, sample.High
		}
		if high > 0 {
			s += fmt.Sprintf(" (%.3g…%.3g)", low, high)
		}
	}
	marks := verdictMarks[cell.Verdict]
	if cell.Verdict == matrix.VerdictSame {
		marks = markSame
	}
	if wide && cell.Verdict.CostsDiffer() {
		k := cell.Deltas[0]
		marks += fmt.Sprintf("%.3g× (%s)", k.Ratio, interval(k.Ratio, k.Low, k.High))
	}
	if sample.Indicative {
		marks += markIndicative
	}
	if incomparable(c, column, cell) {
		marks += markOther
	}
	if marks != "" {
		s += " " + marks
	}
	return s
}

// incomparable reports whether a cost stands beside the baseline's without being
// comparable with it, or with its base's.
func incomparable(c compare.Comparison, column int, cell compare.Cell) bool {
	return !c.CostComparable(column) && cell.Verdict == matrix.NoVerdict
}

// legend explains the marks and the units that the table has.
func legend(doc Document) []string {
	c := doc.Comparison
	ofBehaviour, ofCost := map[matrix.Verdict]bool{}, map[matrix.Verdict]bool{}
	var other, indicative, counted, waited, bases, spread, passes, ranked bool
	margins, tolerances := map[float64]bool{}, map[float64]bool{}
	for _, r := range c.Rows {
		for i, cell := range r.Cells {
			s := cell.Sample()
			if s == nil {
				ofBehaviour[cell.Verdict] = true
				continue
			}
			_, _, several := cell.Samples().Spread()
			spread, passes = spread || several, passes || !several && s.High > 0
			ofCost[cell.Verdict] = true
			other = other || incomparable(c, i, cell)
			indicative = indicative || s.Indicative
			waited = waited || s.Waited > s.LeftOut
			counted = counted || s.Clock == matrix.ClockIcount
			for _, k := range cell.Deltas {
				bases = bases || k.Base && k.Against != doc.Run.Baseline
				margins[k.Margin] = true
				ranked = ranked || k.P != nil
				if k.Tolerance > 0 {
					tolerances[k.Tolerance] = true
				}
			}
		}
	}
	var list []string
	add := func(when bool, format string, args ...any) {
		if when {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	reference := "the baseline's"
	if bases {
		reference += `; where a column is "on" its base, than the base's`
	}
	add(ofBehaviour[matrix.VerdictDiffers] || ofCost[matrix.VerdictDiffers], "%s  differs from the baseline, %s; a number counts the bytes that are not the old ones", markDiffers, doc.Run.Baseline)
	add(ofBehaviour[matrix.VerdictInconclusive], "%s  boots disagree, and their rates are not shown to differ from the baseline's", markInconclusive)
	worse, better := ofCost[matrix.VerdictWorse], ofCost[matrix.VerdictBetter]
	switch {
	case worse && better:
		add(true, "%s%s  a cost that is worse, or better, than %s", markWorse, markBetter, reference)
	default:
		add(worse, "%s  a cost that is worse than %s", markWorse, reference)
		add(better, "%s  a cost that is better than %s", markBetter, reference)
	}
	add(ofCost[matrix.VerdictNotOrdered], "%s  a cost that is not ordered: what the disks read differs, and the CPU's part alone would say otherwise", markNotOrdered)
	add(ofCost[matrix.VerdictSame], "%s  a cost that is shown to be the same, within the margin of the probe (%s)", markSame, percents(margins))
	add(ofCost[matrix.VerdictInconclusive], "%s  a cost that is neither shown to differ nor to be the same", markInconclusive)
	add(other, "%s  %s", markOther, unlike(doc))
	wide := doc.Options.wide()
	differing := worse || better || ofCost[matrix.VerdictNotOrdered]
	add(len(tolerances) > 0 && differing && !spread, "×  a factor, of one boot of each kernel: its interval is the tolerance of the probe alone (%s). --boots 3 measures it, and run --aa how far this host errs", percents(tolerances))
	add(len(tolerances) > 0 && differing && spread, "×  a factor, with the smallest and the largest of any two boots, widened by the tolerance of the probe (%s)", percents(tolerances))
	add(len(tolerances) > 0 && differing, "(…)  of a factor is how well the model of the CPU repeats, and not how well its count of instructions stands for the time on a real one")
	add(ranked, "×  a factor, with the 95 %% interval of the rank test (Mann-Whitney); verdicts hold at 5 %% for all probes of a column together (Holm), and for this host alone")
	add(wide && spread, "(…)  behind a cost: the 95 %% interval of its boots' median, with fewer than 6 all of them")
	add(wide && passes, "(…)  behind a cost of one boot: its passes, which tell nothing of other boots")
	add(counted, "insn  instructions that the guest's one CPU retired (QEMU's icount): they know no caches and no contention, and a string instruction counts once for each element")
	add(waited, "Of passes that waited, for a disk, a cost has the part in which their thread had the CPU.")
	add(indicative, "%s  wall clock on an emulated CPU: it varies by tens of percent from boot to boot, and allows no verdict", markIndicative)
	return list
}

// percents lists parts as percentages.
func percents(parts map[float64]bool) string {
	var list []string
	for _, p := range slices.Sorted(maps.Keys(parts)) {
		list = append(list, fmt.Sprintf("%.3g %%", 100*p))
	}
	return strings.Join(list, ", ")
}
