package matrix

import (
	"fmt"
	"slices"
	"time"
)

// Calibration is what one A/A run showed of a host: one kernel as two columns that
// share no boot, on one machine. Whatever differs there differs by chance.
type Calibration struct {
	// Run is the run's ID.
	Run     string    `json:"run"`
	Made    time.Time `json:"made"`
	Kernel  string    `json:"kernel"`
	Version string    `json:"version"`
	// Machine is the guest's, with the boots that each column had.
	Machine Machine `json:"machine"`
	// Clock is the one that costs were measured by; "" when there were none.
	Clock Clock `json:"clock,omitempty"`
	// Compared counts the probes that had a verdict, and of those False the ones
	// that were found to differ, and Same those that were shown not to.
	Compared int `json:"compared"`
	False    int `json:"false"`
	Same     int `json:"same"`
	// Detectable is, by probe, the smallest part by which a cost can change and be
	// found to: a cost without an interval is not there.
	Detectable map[string]float64 `json:"detectable,omitempty"`
}

// Setting returns what a calibration holds for, beside the machine: another CPU, QEMU or
// agent may err otherwise.
func (h Host) Setting(m Machine) string {
	return fmt.Sprintf("%s, %d CPUs, Linux %s, QEMU %s, agent %s; %d MiB, %d CPUs, %s, %s, %s", h.CPU, h.CPUs, h.Kernel, h.QEMU, h.Agent, m.MemoryMiB, m.CPUs, m.CPU, m.Accel, m.Clock)
}

// Worst returns the largest of the smallest changes and its probe, and the median
// of all; false where none is known.
func Worst(detectable map[string]float64) (probe string, worst, median float64, ok bool) {
	var all []float64
	for p, d := range detectable {
		all = append(all, d)
		if d > worst || d == worst && (probe == "" || p < probe) {
			probe, worst = p, d
		}
	}
	if len(all) == 0 {
		return "", 0, 0, false
	}
	slices.Sort(all)
	return probe, worst, all[len(all)/2], true
}
