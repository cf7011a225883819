package compare

import (
	"slices"

	"kmatrix/matrix"
	"kmatrix/matrix/cost"
)

// limitation returns why the costs of two columns on a machine must not be set
// against each other; [cost.Unlimited] when they may.
func (c Comparison) limitation(a, b int, machine string, clock matrix.Clock) cost.Limitation {
	x, y := c.Columns[a], c.Columns[b]
	if d := c.BuildDifference(a, b); !d.Comparable() {
		return cost.Limitation{Code: cost.OtherBuild, Here: cost.Side{Kernel: x.Name}, There: cost.Side{Kernel: y.Name}, Build: d}
	}
	if x.of == y.of {
		return cost.Limitation{}
	}
	m, n := cost.HardwareOf(machineOf(x.of, machine)), cost.HardwareOf(machineOf(y.of, machine))
	g, h := x.of.Host, y.of.Host
	switch {
	case m.MemoryMiB != n.MemoryMiB || m.CPUs != n.CPUs || m.CPU != n.CPU:
		m.Name, n.Name = machine, machine
		return cost.Limitation{Code: cost.OtherMachine, Here: cost.Side{Machine: m}, There: cost.Side{Machine: n}}
	case clock != matrix.ClockIcount && (g.CPU != h.CPU || g.CPUs != h.CPUs || g.Accel != h.Accel || g.Kernel != h.Kernel || g.QEMU != h.QEMU):
		return cost.Limitation{Code: cost.OtherHost}
	}
	return cost.Limitation{}
}

// machineOf returns the machine of that name in a run; its zero value where there is
// none.
func machineOf(run *matrix.Run, name string) matrix.Machine {
	if i := slices.IndexFunc(run.Machines, func(m matrix.Machine) bool { return m.Name == name }); i >= 0 {
		return run.Machines[i]
	}
	return matrix.Machine{}
}
