package spec

import (
	"fmt"
	"slices"

	"kmatrix/matrix"
)

// Selection restricts a plan; its zero value is all that is asked without one.
type Selection struct {
	// Kernels are names; none means all but those that are there on request. Probes
	// are patterns.
	Kernels, Probes []string
	// Kinds are the kinds of probes that are taken; none means all.
	Kinds []matrix.ProbeKind
}

// Plan is what is to run.
type Plan struct {
	Kernels  []matrix.Kernel
	Machines []matrix.Machine
	// Probes are those that some machine runs, in their order.
	Probes []matrix.Probe
	// Baseline is the file's, or the first kernel when the selection leaves
	// that out.
	Baseline string
	cells    []matrix.Cell
}

// SelectionError tells that a selection names what is not there.
type SelectionError struct {
	Flag, Value, Hint string
}

// Error names flag, value and hint.
func (e *SelectionError) Error() string { return fmt.Sprintf("%s %s: %s", e.Flag, e.Value, e.Hint) }

// Plan selects kernels and probes. The error is a [*SelectionError] when a
// name or pattern selects nothing.
func (s *Spec) Plan(sel Selection, known Known) (*Plan, error) {
	plan := &Plan{Baseline: s.Baseline}
	var names []string
	for _, k := range s.Kernels {
		names = append(names, k.Name)
		if len(sel.Kernels) == 0 && !k.OnRequest || slices.Contains(sel.Kernels, k.Name) {
			plan.Kernels = append(plan.Kernels, k)
		}
	}
	for _, want := range sel.Kernels {
		if !slices.Contains(names, want) {
			return nil, &SelectionError{"-k", want, "is no kernel of " + s.Path + "; " + allowed(want, names)}
		}
	}
	if !slices.ContainsFunc(plan.Kernels, func(k matrix.Kernel) bool { return k.Name == s.Baseline }) {
		plan.Baseline = plan.Kernels[0].Name
	}
	all := s.AllProbes(known)
	hit, runs := map[string]bool{}, map[string]bool{}
	for _, m := range s.Machines {
		var probes []string
		for _, p := range all {
			if len(sel.Kinds) > 0 && !slices.Contains(sel.Kinds, p.Kind) {
				continue
			}
			if matchesAny(m.Probes, p.Name, nil) && (len(sel.Probes) == 0 || matchesAny(sel.Probes, p.Name, hit)) {
				probes, runs[p.Name] = append(probes, p.Name), true
			}
		}
		if len(probes) == 0 {
			continue
		}
		plan.Machines = append(plan.Machines, m)
		for _, k := range plan.Kernels {
			for _, p := range probes {
				plan.cells = append(plan.cells, matrix.Cell{Kernel: k.Name, Machine: m.Name, Probe: p})
			}
		}
	}
	for _, p := range all {
		if runs[p.Name] {
			plan.Probes = append(plan.Probes, p)
		}
	}
	for _, want := range sel.Probes {
		if hit[want] {
			continue
		}
		hint := "matches no probe; " + unknownPattern(want, all)
		if slices.ContainsFunc(all, func(p matrix.Probe) bool { return matrix.Match(want, p.Name) }) {
			hint = "matches no probe that a machine of " + s.Path + " runs: add it to machines: probes:"
		}
		return nil, &SelectionError{"-p", want, hint}
	}
	return plan, nil
}

// matchesAny reports whether a pattern matches the name, and marks in hit
// every pattern that does.
func matchesAny(patterns []string, name string, hit map[string]bool) bool {
	any := false
	for _, p := range patterns {
		if matrix.Match(p, name) {
			any = true
			if hit != nil {
				hit[p] = true
			}
		}
	}
	return any
}

// Cells lists the cells, machine by machine and kernel by kernel.
func (p *Plan) Cells() []matrix.Cell { return p.cells }

// Repeat gives the plan, of one kernel, a second column that is the same kernel under
// another name.
func (p *Plan) Repeat(name string) {
	second := p.Kernels[0]
	second.Name = name
	p.Kernels = append(slices.Clone(p.Kernels), second)
	var cells []matrix.Cell
	for _, m := range p.Machines {
		for _, k := range p.Kernels {
			for _, c := range p.cells {
				if c.Machine == m.Name {
					c.Kernel = k.Name
					cells = append(cells, c)
				}
			}
		}
	}
	p.cells = cells
}

// Measures reports whether a machine has probes of that kind to run.
func (p *Plan) Measures(machine string, kind matrix.ProbeKind) bool {
	of := map[string]matrix.ProbeKind{}
	for _, probe := range p.Probes {
		of[probe.Name] = probe.Kind
	}
	return slices.ContainsFunc(p.cells, func(c matrix.Cell) bool { return c.Machine == machine && of[c.Probe] == kind })
}

// Total counts the cells with their boots.
func (p *Plan) Total() int {
	boots := map[string]int{}
	for _, m := range p.Machines {
		boots[m.Name] = m.Boots
	}
	n := 0
	for _, c := range p.cells {
		n += max(1, boots[c.Machine])
	}
	return n
}
