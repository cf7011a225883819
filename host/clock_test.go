package host

import (
	"testing"

	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

func TestTheClockOfAuto(t *testing.T) {
	probes := []matrix.Probe{{Name: "s", Kind: matrix.Stability}, {Name: "c", Kind: matrix.Performance}}
	for name, test := range map[string]struct {
		machine matrix.Machine
		probes  []string
		clock   matrix.Clock
		accel   matrix.Accel
	}{
		"costs, emulated":    {matrix.Machine{CPUs: 1, Accel: matrix.AccelTCG, Clock: matrix.ClockAuto}, []string{"s", "c"}, matrix.ClockIcount, matrix.AccelTCG},
		"costs under KVM":    {matrix.Machine{CPUs: 1, Accel: matrix.AccelKVM, Clock: matrix.ClockAuto}, []string{"c"}, matrix.ClockWall, matrix.AccelKVM},
		"costs on two CPUs":  {matrix.Machine{CPUs: 2, Accel: matrix.AccelTCG, Clock: matrix.ClockAuto}, []string{"c"}, matrix.ClockWall, matrix.AccelTCG},
		"no costs":           {matrix.Machine{CPUs: 1, Accel: matrix.AccelTCG, Clock: matrix.ClockAuto}, []string{"s"}, matrix.ClockWall, matrix.AccelTCG},
		"asked for":          {matrix.Machine{CPUs: 1, Accel: matrix.AccelAuto, Clock: matrix.ClockIcount}, []string{"s"}, matrix.ClockIcount, matrix.AccelTCG},
		"wall was asked for": {matrix.Machine{CPUs: 1, Accel: matrix.AccelTCG, Clock: matrix.ClockWall}, []string{"c"}, matrix.ClockWall, matrix.AccelTCG},
	} {
		test.machine.Name = "m"
		r := knowing(t, []matrix.Machine{test.machine}, probes)
		m, err := r.resolveMachine(t.Context(), batch{machine: "m", probes: test.probes}, Bootable{})
		if err != nil || m.Clock != test.clock || m.Accel != test.accel {
			t.Errorf("%s: the clock is %s under %s (%v)", name, m.Clock, m.Accel, err)
		}
	}
}

func TestTheUnitSaysTheClock(t *testing.T) {
	for _, test := range []struct {
		machine    matrix.Machine
		unit       string
		indicative bool
	}{
		{matrix.Machine{Accel: matrix.AccelTCG, Clock: matrix.ClockIcount}, "insn/B", false},
		{matrix.Machine{Accel: matrix.AccelTCG, Clock: matrix.ClockWall}, "ns/B", true},
		{matrix.Machine{Accel: matrix.AccelKVM, Clock: matrix.ClockWall}, "ns/B", false},
	} {
		s := matrix.Sample{Value: 1}
		setClock(&s, matrix.Probe{Per: "B"}, test.machine)
		if s.Unit != test.unit || s.Better != matrix.Lower || s.Indicative != test.indicative || s.Clock != test.machine.Clock {
			t.Errorf("%+v gives %+v", test.machine, s)
		}
	}
}

// TestASampleThatIdledIsNone: instructions are not what passed while a guest waited.
func TestASampleThatIdledIsNone(t *testing.T) {
	for name, test := range map[string]struct {
		clock    matrix.Clock
		switches int64
		waited   int
		want     matrix.Outcome
	}{
		"busy":                   {matrix.ClockIcount, 0, 0, matrix.Pass},
		"idled":                  {matrix.ClockIcount, 3, 0, matrix.Unsupported},
		"waiting was not timed":  {matrix.ClockIcount, 3, 2, matrix.Pass},
		"the wall's clock waits": {matrix.ClockWall, 3, 0, matrix.Pass},
	} {
		s := &matrix.Sample{Value: 1, Clock: test.clock, Waited: test.waited, Counters: map[string]int64{"voluntary_switches": test.switches}}
		got, why := answered(matrix.Kernel{}, matrix.Probe{Since: "5.10"}, matrix.Hello{Release: "6.1.0"}, wire.Answer{Status: wire.StatusOK, Finding: matrix.Finding{Sample: s}})
		if got != test.want || (why != "") != (got == matrix.Unsupported) {
			t.Errorf("%s: %s, %q", name, got, why)
		}
	}
}
