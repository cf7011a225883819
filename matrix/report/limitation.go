package report

import (
	"fmt"

	"kmatrix/matrix/compare"
	"kmatrix/matrix/cost"
	"kmatrix/matrix/stats"
)

// limitation says why a comparison of costs has no verdict, or none that is
// conclusive.
func limitation(l cost.Limitation) string {
	switch l.Code {
	case cost.Indicative:
		return "wall clock on an emulated CPU allows no verdict"
	case cost.OtherUnit:
		return fmt.Sprintf("one is in %s by the clock %s, the other in %s by %s", l.Here.Unit, l.Here.Clock, l.There.Unit, l.There.Clock)
	case cost.Mixed:
		return "its boots are not of one clock, or a value is none"
	case cost.OtherBuild:
		return fmt.Sprintf("%s and %s have %s", l.Here.Kernel, l.There.Kernel, otherBuild(l.Build))
	case cost.OtherMachine:
		return fmt.Sprintf("the machine %s is another one in their runs: %s; %s", l.Here.Machine.Name, hardware(l.Here.Machine), hardware(l.There.Machine))
	case cost.OtherHost:
		return "their hosts are not the same, and the clock is wall time"
	case cost.TooFewBoots:
		boots := fmt.Sprintf("%d boots", l.Boots)
		if l.Boots == 1 {
			boots = "one boot"
		}
		return fmt.Sprintf("no verdict is possible from %s by wall clock: it takes %d a side, and usually 8 (--boots 8, or auto)", boots, l.Fewest)
	case cost.TooWide:
		return fmt.Sprintf("more than %d boots would be needed", stats.MostNeeded)
	}
	return ""
}

// hardware says what a machine is.
func hardware(h cost.Hardware) string {
	return fmt.Sprintf("%d MiB, %d CPU, %s", h.MemoryMiB, h.CPUs, h.CPU)
}

// Warning says what weakens a comparison of stored runs.
func Warning(w compare.Warning) string {
	switch w.Code {
	case compare.ProbesLeftOut:
		return fmt.Sprintf("%d probes are left out, which only one of the runs has", w.Probes)
	case compare.RunInterrupted:
		return fmt.Sprintf("%s was interrupted: it has %d results of %d cells, and boots may be missing", w.Dir, w.Results, w.Cells)
	case compare.RunUnfinished:
		return fmt.Sprintf("%s has not ended, or was killed: it has %d results of %d cells, and boots may be missing", w.Dir, w.Results, w.Cells)
	case compare.OtherClasses:
		return fmt.Sprintf("the runs know other classes: %s does not tell %s from zeroed, changed and mixed, nor whether the source stayed intact; all columns are compared without that", w.Dir, w.Class)
	case compare.OtherAgents:
		return "the runs were made by different builds of kmatrix (their agents differ): a cost may differ by what measures it"
	case compare.OtherQEMUs:
		return "the runs were made with different versions of QEMU"
	case compare.OtherHosts:
		return "the runs were made on hosts that differ"
	case compare.MachinesDiffer:
		return fmt.Sprintf("the machine %s is another one in %s (%s; %s): costs are not compared", w.Here.Name, w.Dir, hardware(w.Here), hardware(w.There))
	}
	return ""
}
