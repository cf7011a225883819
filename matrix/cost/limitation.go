package cost

import (
	"kmatrix/matrix"
	"kmatrix/matrix/builds"
)

// Limitation says why the comparison of two costs has no verdict, or none that is
// conclusive. Those fields are set that its Code names; two limitations are the same
// where they are equal.
type Limitation struct {
	Code LimitationCode `json:"code"`
	// Boots is how many the side with fewer has, and Fewest how many each must have.
	Boots  int `json:"boots,omitempty"`
	Fewest int `json:"fewest,omitempty"`
	// Here and There are the sides: that of the cell and that of the other column.
	Here  Side `json:"here,omitzero"`
	There Side `json:"there,omitzero"`
	// Build is how the builds of the sides differ; one of two kernels is the same.
	Build *builds.Difference `json:"-"`
}

// Side is one of the two that are compared, as far as a limitation is in it.
type Side struct {
	Kernel  string       `json:"kernel,omitempty"`
	Unit    string       `json:"unit,omitempty"`
	Clock   matrix.Clock `json:"clock,omitempty"`
	Machine Hardware     `json:"machine,omitzero"`
}

// Hardware is a machine as far as costs depend on it.
type Hardware struct {
	Name      string `json:"name"`
	MemoryMiB int    `json:"memory_mib"`
	CPUs      int    `json:"cpus"`
	CPU       string `json:"cpu"`
}

// HardwareOf returns what costs depend on of a machine.
func HardwareOf(m matrix.Machine) Hardware {
	return Hardware{Name: m.Name, MemoryMiB: m.MemoryMiB, CPUs: m.CPUs, CPU: m.CPU}
}

// LimitationCode is what limits a comparison.
type LimitationCode string

// With the first ones there is no verdict; with TooFewBoots and TooWide it is
// inconclusive.
const (
	// Unlimited: nothing limits it.
	Unlimited LimitationCode = ""
	// Indicative: the clock is the wall's, on an emulated CPU.
	Indicative LimitationCode = "indicative"
	// OtherUnit: the sides have other clocks or units, which Here and There name.
	OtherUnit LimitationCode = "other-unit"
	// Mixed: the boots of a side have several clocks or units, or a value is no cost.
	Mixed LimitationCode = "mixed"
	// OtherBuild: the kernels of Here and There have another compiler or other options,
	// as Build says, or it is not known that they have the same.
	OtherBuild LimitationCode = "other-build"
	// OtherMachine: the machine of that name is another one in the other's run.
	OtherMachine LimitationCode = "other-machine"
	// OtherHost: times were measured on hosts that are not the same.
	OtherHost LimitationCode = "other-host"
	// TooFewBoots: by wall clock Boots allow no verdict; it takes Fewest.
	TooFewBoots LimitationCode = "too-few-boots"
	// TooWide: the boots differ so much that it would take too many of them.
	TooWide LimitationCode = "too-wide"
)
