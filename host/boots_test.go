package host

import (
	"context"
	"path/filepath"
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

func TestKVMIsExpectedWhereAnEarlierRunUsedIt(t *testing.T) {
	dir := t.TempDir()
	if kvm, err := ExpectKVM(dir, "7"); kvm || err != nil {
		t.Errorf("an empty cache expects KVM: %v, %v", kvm, err)
	}
	_, err := kvmVerdict(t.Context(), filepath.Join(dir, "kvm.json"), "/dev/null", "7", func(context.Context) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for qemu, want := range map[string]bool{"7": true, "8": false} {
		if kvm, err := ExpectKVM(dir, qemu); kvm != want || err != nil {
			t.Errorf("with QEMU %s: %v, %v", qemu, kvm, err)
		}
	}
}
