package matrix

import "fmt"

// Accel is how QEMU runs the guest's instructions.
type Accel string

const (
	// AccelAuto takes KVM where a guest has really booted with it, and TCG
	// elsewhere.
	AccelAuto Accel = "auto"
	// AccelKVM is hardware virtualisation.
	AccelKVM Accel = "kvm"
	// AccelTCG is QEMU's own translator; it works everywhere.
	AccelTCG Accel = "tcg"
)

// Accels lists the accelerators that kernels.yaml may name.
var Accels = []Accel{AccelAuto, AccelKVM, AccelTCG}

// Clock is what a cost is measured with.
type Clock string

const (
	// ClockAuto leaves the choice to the run: wall under KVM, and where no cost
	// is measured, else icount.
	ClockAuto Clock = "auto"
	// ClockWall is the guest's monotonic clock, in real nanoseconds.
	ClockWall Clock = "wall"
	// ClockIcount has a guest nanosecond pass with each instruction that the one
	// CPU retires (QEMU's -icount shift=0). It repeats, and it knows neither
	// caches nor contention: an instruction counts one whatever it does, and a
	// string instruction one for each of its elements.
	ClockIcount Clock = "icount"
)

// Clocks lists the clocks that kernels.yaml may name.
var Clocks = []Clock{ClockAuto, ClockWall, ClockIcount}

// Isolate is what a cell shares a guest with. A guest that starts from a
// snapshot is a clone of the boot that was saved: it has that one's memory to the
// byte, and its own keys, entropy, time and pristine disks. So it isolates, and is
// no boot of its own, and never an independent sample.
type Isolate string

const (
	// IsolateAuto gives each performance, stress and external cell a guest of its
	// own, and lets stability cells share one.
	IsolateAuto Isolate = "auto"
	// IsolateCell starts a guest for each cell, from the boot's snapshot.
	IsolateCell Isolate = "cell"
	// IsolateBatch lets the cells of a boot share a guest; when it dies, another
	// one, from the boot's snapshot, is asked the rest.
	IsolateBatch Isolate = "batch"
	// IsolateBoot is without snapshots: the cells of a boot share a guest; when
	// it dies, another boot is asked the rest.
	IsolateBoot Isolate = "boot"
)

// Isolates lists what kernels.yaml may name.
var Isolates = []Isolate{IsolateAuto, IsolateCell, IsolateBatch, IsolateBoot}

// Machine is a guest: the hardware that every kernel of the matrix is given,
// and the probes that run in it.
type Machine struct {
	Name      string `json:"name"`
	MemoryMiB int    `json:"memory_mib"`
	CPUs      int    `json:"cpus"`
	Accel     Accel  `json:"accel"`
	Clock     Clock  `json:"clock"`
	// CPU is QEMU's -cpu argument.
	CPU string `json:"cpu"`
	// Isolate is what its cells share a guest with; "" is [IsolateAuto].
	Isolate Isolate `json:"isolate,omitempty"`
	// Probes are patterns, see [Match].
	Probes []string `json:"probes"`
	// Boots is how many fresh boots each cell gets; 0 in a kernels.yaml that does
	// not say, [BootsAuto] in one that leaves it to what the boots show.
	Boots int `json:"boots"`
	// Analyses are the numbers of boots after which verdicts are made, where it is left
	// to that (a group-sequential design, all but the last being interim analyses): cells
	// whose verdict is inconclusive go on to the next. Boots is then the largest that was
	// gone on to so far. Empty where Boots is fixed.
	Analyses []int `json:"looks,omitempty"`
}

// BootsAuto stands for [Machine.Boots] where what they show decides.
const BootsAuto = -1

// Cell is one square of the matrix.
type Cell struct {
	Kernel  string `json:"kernel"`
	Machine string `json:"machine"`
	Probe   string `json:"probe"`
}

// ID returns the cell's stable identifier, "KERNEL/MACHINE/PROBE". Names of
// kernels and machines hold no slash, so that it can be taken apart again.
func (c Cell) ID() string {
	return fmt.Sprintf("%s/%s/%s", c.Kernel, c.Machine, c.Probe)
}
