package spec

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"kmatrix/matrix"
)

// AutoBoots leaves the number of boots, here and of --boots, to what they show.
const AutoBoots = "auto"

// machines takes the list of machines.
func (p *reader) machines() value {
	return elements(p, 0, Default, p.machine, func(m matrix.Machine, n ast.Node, key string) {
		if m.Clock == matrix.ClockIcount && m.CPUs > 1 {
			p.problem(line(n), join(key, "clock"), fmt.Sprintf("is icount, on %d CPUs", m.CPUs), "it counts the instructions of one: leave cpus out, or take clock: wall")
		}
		if m.Clock == matrix.ClockIcount && m.Accel == matrix.AccelKVM {
			p.problem(line(n), join(key, "clock"), "is icount, under KVM", "QEMU counts what it emulates: take accel: tcg, or clock: wall")
		}
		p.spec.Machines = append(p.spec.Machines, m)
	})
}

// machine is the grammar of an element of machines:.
func (p *reader) machine(m *matrix.Machine) mapping {
	m.Probes = nil // those of a machine that is not told of
	return mapping{
		fields: []field{
			{name: "name", required: true, doc: "the machine's name", value: p.name(&m.Name, "machine", func(name string) bool {
				return slices.ContainsFunc(p.spec.Machines, func(o matrix.Machine) bool { return o.Name == name })
			})},
			{name: "memory", doc: fmt.Sprintf("how much memory it has, for example 512M or 1G (default %dM)", Default.MemoryMiB), value: p.size(&m.MemoryMiB, minMemoryMiB, maxMemoryMiB)},
			{name: "cpus", doc: fmt.Sprintf("how many CPUs it has (default %d)", Default.CPUs), value: p.number(&m.CPUs, maxCPUs)},
			{name: "accel", doc: "how QEMU runs the guest", value: choice(p, &m.Accel, matrix.Accels)},
			{name: "clock", doc: "what cost is measured by: wall time, or instructions (icount), which needs TCG and one CPU", value: choice(p, &m.Clock, matrix.Clocks)},
			{name: "cpu", doc: fmt.Sprintf("QEMU's -cpu (default %s)", Default.CPU), value: p.text(&m.CPU, someText, "it is QEMU's -cpu, for example max")},
			{name: "isolate", doc: "what a cell shares a guest with: nothing (cell), the other cells of its boot (batch; boot, without snapshots)", value: choice(p, &m.Isolate, matrix.Isolates)},
			{name: "boots", doc: "how many fresh boots each cell gets (default: by the clock); auto: more for those whose verdict is inconclusive", value: p.boots(&m.Boots)},
			{name: "probes", required: true, doc: "patterns of the names of the probes that run there", value: p.probes(&m.Probes)},
		},
		rule: object{
			"if":   object{"properties": object{"clock": object{"const": matrix.ClockIcount}}, "required": []string{"clock"}},
			"then": object{"properties": object{"cpus": object{"const": 1}, "accel": object{"not": object{"const": matrix.AccelKVM}}}},
		},
	}
}
