package host

import (
	"context"
	"fmt"
	"slices"

	"kmatrix/matrix"
)

// resolved returns the batch's machine with the accelerator and the clock that
// "auto" stands for. Counting instructions needs one CPU, emulated; it is chosen
// where costs are measured and wall time would tell little.
func (r *Runner) resolveMachine(ctx context.Context, b batch, img Bootable) (matrix.Machine, error) {
	m := r.machine(b.machine)
	if m.Clock == matrix.ClockIcount {
		m.Accel = matrix.AccelTCG
		return m, nil
	}
	m, err := r.resolveAccel(ctx, m, b, img)
	if err != nil {
		return m, err
	}
	if m.Clock == matrix.ClockAuto {
		m.Clock = matrix.ClockWall
		measures := func(name string) bool { return r.probe(name).Kind == matrix.Performance }
		if m.Accel != matrix.AccelKVM && m.CPUs <= 1 && slices.ContainsFunc(b.probes, measures) {
			m.Clock = matrix.ClockIcount
		}
	}
	return m, nil
}

// setClock says what the guest's nanoseconds were, which the guest cannot know: time,
// or instructions. Either way fewer are better.
func setClock(s *matrix.Sample, p matrix.Probe, m matrix.Machine) {
	s.Better = matrix.Lower
	if m.Clock == matrix.ClockIcount {
		s.Clock, s.Unit, s.Indicative = matrix.ClockIcount, "insn/"+p.Per, false
		return
	}
	s.Clock, s.Unit, s.Indicative = matrix.ClockWall, "ns/"+p.Per, m.Accel != matrix.AccelKVM
}

// idleReason returns why a sample of counted instructions is none: a guest that idles jumps
// to its next timer, so that its nanoseconds are instructions no more. Passes that
// waited and were counted by their thread's time are no harm. "" where it is one.
func idleReason(s *matrix.Sample) string {
	if n := s.Counters["voluntary_switches"]; s.Clock == matrix.ClockIcount && s.Waited == 0 && n > 0 {
		return fmt.Sprintf("its thread waited %d times while instructions were counted, and an idle guest's clock jumps: take clock: wall", n)
	}
	return ""
}
