package cost

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

// reading are samples of boots of ten passes each that cost so much and read so many KiB
// in a pass; a negative number stands for a kernel that does not tell.
func reading(value float64, kib ...float64) (list Samples) {
	for _, n := range kib {
		s := &matrix.Sample{Value: value, Unit: "insn/B", Better: matrix.Lower, Clock: matrix.ClockIcount, Iterations: 10}
		if n >= 0 {
			s.Counters = map[string]int64{CounterRead: int64(10 * n)}
		}
		list = append(list, s)
	}
	return list
}

// TestCostsThatReadOtherwiseAreNotOrderedByTheCPU has verdicts by the CPU that what the
// disks read confirms, contradicts, or has nothing to do with.
func TestCostsThatReadOtherwiseAreNotOrderedByTheCPU(t *testing.T) {
	for name, test := range map[string]struct {
		cell, base Samples
		want       matrix.Verdict
		reads      *Reads
	}{
		"dearer, and reads more":           {reading(3.5, 1100), reading(1, 0), matrix.VerdictWorse, &Reads{1100, 0}},
		"cheaper, and reads more":          {reading(0.7, 1100), reading(1, 0), matrix.VerdictNotOrdered, &Reads{1100, 0}},
		"dearer, and reads less":           {reading(2, 0), reading(1, 1024), matrix.VerdictNotOrdered, &Reads{0, 1024}},
		"cheaper, and reads less":          {reading(0.5, 0), reading(1, 1024), matrix.VerdictBetter, &Reads{0, 1024}},
		"the same to the CPU":              {reading(1, 256), reading(1, 0), matrix.VerdictNotOrdered, &Reads{256, 0}},
		"both read the file":               {reading(2, 1024), reading(1, 1000), matrix.VerdictWorse, nil},
		"less than a page":                 {reading(2, 3), reading(1, 0), matrix.VerdictWorse, nil},
		"a boot that reads as the other's": {reading(2, 1024, 0), reading(1, 0), matrix.VerdictWorse, nil},
		"all boots read":                   {reading(2, 1024, 1000, 1030), reading(1, 0, 4), matrix.VerdictWorse, &Reads{1000, 0}},
		"a kernel that does not tell":      {reading(2, 1024), reading(1, -1), matrix.VerdictWorse, nil},
	} {
		k := Beside("cost/serve-again/ext4/tenth/64k", test.cell, test.base)
		Decide([]*Delta{k})
		if diff := cmp.Diff(test.reads, k.Reads); k.Verdict != test.want || diff != "" {
			t.Errorf("%s: %s, want %s; %s", name, k.Verdict, test.want, diff)
		}
		if k.Verdict == matrix.VerdictNotOrdered && k.Need > 0 {
			t.Errorf("%s: it would take %d boots to order what no number of boots orders", name, k.Need)
		}
	}
}

// TestNoVerdictIsLeftWithoutOne: what forbids a verdict by the CPU forbids one with it.
func TestNoVerdictIsLeftWithoutOne(t *testing.T) {
	cell, base := reading(0.7, 1100), reading(1, 0)
	for _, s := range append(cell, base...) {
		s.Clock, s.Indicative = matrix.ClockWall, true
	}
	k := Beside("cost/tee/4k", cell, base)
	Decide([]*Delta{k})
	if k.Verdict != matrix.NoVerdict || k.Limit.Code != Indicative || k.Reads == nil {
		t.Errorf("%+v", k)
	}
}
