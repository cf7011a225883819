package compare

import (
	"fmt"
	"slices"

	"kmatrix/matrix"
	"kmatrix/matrix/cost"
)

// Warning is what weakens the comparison of stored runs. Those fields are set that its
// Code names.
type Warning struct {
	Code WarningCode
	// Dir is the directory of the run.
	Dir string
	// Results and Cells count what a run has that did not come to its end.
	Results, Cells int
	// Probes is how many are left out.
	Probes int
	// Here is the machine as the first run has it, and There as the run of Dir does.
	Here, There cost.Hardware
	// Class is one that a run does not tell.
	Class matrix.Class
}

// WarningCode is what sort of weakness a [Warning] tells of.
type WarningCode string

const (
	// ProbesLeftOut: Probes, which only one of the runs has.
	ProbesLeftOut WarningCode = "probes-left-out"
	// RunInterrupted: the run of Dir was, and has Results of Cells.
	RunInterrupted WarningCode = "run-interrupted"
	// RunUnfinished: likewise of one that goes on, or was killed.
	RunUnfinished WarningCode = "run-unfinished"
	// OtherAgents: the runs were made by different builds of kmatrix.
	OtherAgents WarningCode = "other-agents"
	// OtherQEMUs: the runs were made with different versions of QEMU.
	OtherQEMUs WarningCode = "other-qemus"
	// OtherHosts: the runs were made on hosts that differ.
	OtherHosts WarningCode = "other-hosts"
	// MachinesDiffer: the machine of the name is Here in the first run and There in
	// that of Dir.
	MachinesDiffer WarningCode = "machines-differ"
	// OtherClasses: the run of Dir does not tell Class from others, as another does.
	OtherClasses WarningCode = "other-classes"
)

// unfinished warns of a run that did not come to its end.
func unfinished(s Stored) []Warning {
	w := Warning{Code: RunInterrupted, Dir: s.Dir, Results: len(s.Results)}
	switch {
	case s.Run.Finished == nil:
		w.Code = RunUnfinished
	case !s.Run.Interrupted:
		return nil
	}
	cells := map[string]bool{}
	for _, r := range s.Results {
		cells[r.Cell] = true
	}
	w.Cells = len(cells)
	return []Warning{w}
}

// unlike warns of how the runs' makings differ, beyond what forbids a comparison.
func unlike(runs []Stored) []Warning {
	var list []Warning
	for _, d := range []struct {
		of   func(matrix.Host) string
		code WarningCode
	}{
		{func(h matrix.Host) string { return h.Agent }, OtherAgents},
		{func(h matrix.Host) string { return h.QEMU }, OtherQEMUs},
		{func(h matrix.Host) string { return fmt.Sprint(h.CPU, h.Kernel, h.CPUs) }, OtherHosts},
	} {
		if slices.ContainsFunc(runs, func(s Stored) bool { return d.of(s.Run.Host) != d.of(runs[0].Run.Host) }) {
			list = append(list, Warning{Code: d.code})
		}
	}
	for _, m := range runs[0].Run.Machines {
		here := cost.HardwareOf(m)
		for i := range runs {
			there := cost.HardwareOf(machineOf(&runs[i].Run, m.Name))
			if there.Name != "" && there != here {
				list = append(list, Warning{Code: MachinesDiffer, Dir: runs[i].Dir, Here: here, There: there})
			}
		}
	}
	return list
}

// untold warns of each run that does not tell a class that another tells.
func untold(runs []Stored) []Warning {
	var list []Warning
	for _, class := range matrix.Classes {
		told := func(s Stored) bool { return tells(&s.Run, class) }
		if !slices.ContainsFunc(runs, told) {
			continue
		}
		for _, s := range runs {
			if !told(s) {
				list = append(list, Warning{Code: OtherClasses, Dir: s.Dir, Class: class})
			}
		}
	}
	return list
}
