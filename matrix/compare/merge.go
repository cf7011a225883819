package compare

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// Stored is a run as it was kept.
type Stored struct {
	// Dir is where, for people.
	Dir     string
	Run     matrix.Run
	Results []matrix.Result
	// Profiles are those that it took, if any.
	Profiles []matrix.Profile
}

// Merged is several runs as one, compared.
type Merged struct {
	Run        matrix.Run
	Results    []matrix.Result
	Profiles   []matrix.Profile
	Comparison Comparison
	// Warnings are what weakens the comparison.
	Warnings []Warning
}

// BaselineError tells that no column has the name of the baseline.
type BaselineError struct {
	Name  string
	Known []string
}

// Error names the columns that there are.
func (e *BaselineError) Error() string {
	return fmt.Sprintf("--baseline %s: no such column; there are %s", e.Name, strings.Join(e.Known, ", "))
}

// ErrNothingCommon tells that runs have no probe in common.
var ErrNothingCommon = errors.New("nothing can be compared")

// Merge puts the columns of runs side by side. A kernel that several runs have
// becomes NAME@1, NAME@2, … by the run's place. The baseline is the one of that
// name, or without one the first run's. Of several runs the probes stay that at
// least two have on a machine of one name. The error is [ErrNothingCommon] or a
// [*BaselineError].
func Merge(runs []Stored, baseline string) (*Merged, error) {
	m := &Merged{}
	held := map[string]int{} // in how many runs a kernel is
	for _, s := range runs {
		for _, k := range s.Run.Kernels {
			held[k.Name]++
		}
	}
	var columns []Column
	ours := map[string][]string{} // what a kernel is called here
	for i := range runs {
		s := &runs[i]
		name := func(kernel string) string {
			if held[kernel] > 1 {
				return fmt.Sprintf("%s@%d", kernel, i+1)
			}
			return kernel
		}
		for _, k := range s.Run.Kernels {
			ours[k.Name] = append(ours[k.Name], name(k.Name))
			k.Name = name(k.Name)
			if k.Base != "" {
				k.Base = name(k.Base)
			}
			columns = append(columns, Column{Column: k, of: &s.Run})
			m.Run.Kernels = append(m.Run.Kernels, k)
		}
		for _, r := range s.Results {
			r.Kernel = name(r.Kernel)
			r.Cell = matrix.Cell{Kernel: r.Kernel, Machine: r.Machine, Probe: r.Probe}.ID()
			m.Results = append(m.Results, r)
		}
		for _, p := range s.Profiles {
			p.Kernel = name(p.Kernel)
			p.Cell = matrix.Cell{Kernel: p.Kernel, Machine: p.Machine, Probe: p.Probe}.ID()
			m.Profiles = append(m.Profiles, p)
		}
		for _, machine := range s.Run.Machines {
			if !slices.ContainsFunc(m.Run.Machines, func(o matrix.Machine) bool { return o.Name == machine.Name }) {
				m.Run.Machines = append(m.Run.Machines, machine)
			}
		}
		for _, p := range s.Run.Probes {
			if !slices.Contains(m.Run.Probes, p) {
				m.Run.Probes = append(m.Run.Probes, p)
			}
		}
	}
	slices.Sort(m.Run.Probes) // as each run has them
	if err := m.common(runs); err != nil {
		return nil, err
	}
	if baseline == "" {
		baseline = runs[0].Run.Baseline
	}
	if err := m.base(baseline, ours); err != nil {
		return nil, err
	}
	m.Run.ID, m.Run.Host = runs[0].Run.ID, runs[0].Run.Host
	for _, s := range runs {
		m.Warnings = append(m.Warnings, unfinished(s)...)
	}
	m.Warnings = append(m.Warnings, unlike(runs)...)
	if slices.ContainsFunc(m.Results, func(r matrix.Result) bool { return r.Observation != nil && !stress(r) }) {
		m.Warnings = append(m.Warnings, untold(runs)...)
	}
	for i := range columns {
		columns[i].Baseline = columns[i].Name == m.Run.Baseline
	}
	m.Comparison.Columns = columns
	m.Comparison.arrange(m.Run, m.Results)
	m.Comparison.judge()
	m.Comparison.Locate(m.Profiles)
	return m, nil
}

// base names the baseline: by a column's name, or by that of a kernel in the first
// run that has it.
func (m *Merged) base(name string, ours map[string][]string) error {
	var known []string
	for _, k := range m.Run.Kernels {
		known = append(known, k.Name)
	}
	switch {
	case slices.Contains(known, name):
		m.Run.Baseline = name
	case len(ours[name]) > 0:
		m.Run.Baseline = ours[name][0]
	default:
		return &BaselineError{name, known}
	}
	return nil
}

// common leaves the probes that at least two runs have.
func (m *Merged) common(runs []Stored) error {
	if len(runs) < 2 {
		return nil
	}
	by := map[string]map[int]bool{}
	for i, s := range runs {
		for _, r := range s.Results {
			key := r.Machine + " " + r.Probe
			if by[key] == nil {
				by[key] = map[int]bool{}
			}
			by[key][i] = true
		}
	}
	shared := make([]bool, len(runs))
	for _, in := range by {
		for i := range in {
			shared[i] = shared[i] || len(in) > 1
		}
	}
	if i := slices.Index(shared, false); i >= 0 {
		return fmt.Errorf("%w: %s has no probe, on a machine of the same name, in common with the others", ErrNothingCommon, runs[i].Dir)
	}
	before := len(by)
	m.Results = slices.DeleteFunc(m.Results, func(r matrix.Result) bool { return len(by[r.Machine+" "+r.Probe]) < 2 })
	left := 0
	for _, in := range by {
		if len(in) > 1 {
			left++
		}
	}
	if n := before - left; n > 0 {
		m.Warnings = append(m.Warnings, Warning{Code: ProbesLeftOut, Probes: n})
	}
	return nil
}
