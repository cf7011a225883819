package experiment

import (
	"testing"

	"kmatrix/matrix"
)

func TestDefaultBoots(t *testing.T) {
	for name, test := range map[string]struct {
		machine    matrix.Machine
		costs, kvm bool
		want       int
	}{
		"behaviour":              {matrix.Machine{CPUs: 1, Accel: matrix.AccelAuto, Clock: matrix.ClockAuto}, false, true, 1},
		"costs without KVM":      {matrix.Machine{CPUs: 1, Accel: matrix.AccelAuto, Clock: matrix.ClockAuto}, true, false, 3},
		"costs under KVM":        {matrix.Machine{CPUs: 1, Accel: matrix.AccelAuto, Clock: matrix.ClockAuto}, true, true, 8},
		"counted beside KVM":     {matrix.Machine{CPUs: 1, Accel: matrix.AccelAuto, Clock: matrix.ClockIcount}, true, true, 3},
		"KVM was asked for":      {matrix.Machine{CPUs: 1, Accel: matrix.AccelKVM, Clock: matrix.ClockAuto}, true, false, 8},
		"times of emulated CPUs": {matrix.Machine{CPUs: 2, Accel: matrix.AccelTCG, Clock: matrix.ClockAuto}, true, true, 1},
	} {
		if got := DefaultBoots(test.machine, test.costs, test.kvm); got != test.want {
			t.Errorf("%s: %d boots, want %d", name, got, test.want)
		}
	}
}
