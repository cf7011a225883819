package compare

import (
	"fmt"
	"slices"

	"kmatrix/matrix"
)

// refusal says why the costs of two columns on a machine must not be set against
// each other, "" when they may.
func (c Comparison) refusal(a, b int, machine string, clock matrix.Clock) string {
	x, y := c.Columns[a], c.Columns[b]
	if !sameBuild(x, y) {
		return fmt.Sprintf("%s and %s have another configuration or compiler", x.Name, y.Name)
	}
	if x.of == y.of {
		return ""
	}
	m, n := machineOf(x.of, machine), machineOf(y.of, machine)
	g, h := x.of.Host, y.of.Host
	switch {
	case m.MemoryMiB != n.MemoryMiB || m.CPUs != n.CPUs || m.CPU != n.CPU:
		return fmt.Sprintf("the machine %s is another one in their runs: %s; %s", machine, describe(m), describe(n))
	case clock != matrix.ClockIcount && (g.CPU != h.CPU || g.CPUs != h.CPUs || g.Accel != h.Accel || g.Kernel != h.Kernel || g.QEMU != h.QEMU):
		return "their hosts are not the same, and the clock is wall time"
	}
	return ""
}

func machineOf(run *matrix.Run, name string) matrix.Machine {
	if i := slices.IndexFunc(run.Machines, func(m matrix.Machine) bool { return m.Name == name }); i >= 0 {
		return run.Machines[i]
	}
	return matrix.Machine{}
}

func describe(m matrix.Machine) string {
	return fmt.Sprintf("%d MiB, %d CPU, %s", m.MemoryMiB, m.CPUs, m.CPU)
}
