package host

import (
	"errors"
	"strings"
	"testing"

	"kmatrix/matrix"
)

func TestAMachineThatInsistsOnKVMIsToldOfAuto(t *testing.T) {
	aborted := errors.New("signal: aborted")
	for accel, want := range map[matrix.Accel]bool{matrix.AccelKVM: true, matrix.AccelAuto: false, matrix.AccelTCG: false} {
		err := kvmHint(matrix.Machine{Name: "m", Accel: accel}, aborted)
		if !errors.Is(err, aborted) || strings.Contains(err.Error(), "the machine m asks for accel: kvm") != want {
			t.Errorf("accel: %s: %v", accel, err)
		}
	}
}
