package experiment

import "kmatrix/matrix"

// How many fresh boots the cells of a machine get where nobody says. What a kernel
// does repeats, and counted instructions nearly do; times need boots for a verdict.
const (
	bootsOfBehaviour = 1
	bootsCounted     = 3
	bootsTimed       = 8
)

// After how many boots verdicts are made in a sequential experiment: the fewest
// that can show what they are for, and as many as a longer run is worth. The numbers
// are fixed, since testing whenever it suits finds a difference in the end.
var (
	sequentialCounted = []int{3, 12}
	sequentialTimed   = []int{8, 16, 32}
)

// DefaultBoots returns how many boots a machine's cells get where nobody says.
// Whether costs are measured there, and whether KVM is
// thought to work, is given. Times of an emulated CPU allow no verdict, from
// however many boots.
func DefaultBoots(m matrix.Machine, costs, kvm bool) int {
	emulated, counted := expected(m, kvm)
	switch {
	case !costs:
		return bootsOfBehaviour
	case counted:
		return bootsCounted
	case emulated:
		return bootsOfBehaviour
	}
	return bootsTimed
}

// SequentialBoots returns after how many boots verdicts are made on a machine whose
// boots are [matrix.BootsAuto]; none where a single boot is all that makes sense,
// since times of an emulated CPU allow no verdict.
func SequentialBoots(m matrix.Machine, costs, kvm bool) []int {
	emulated, counted := expected(m, kvm)
	switch {
	case !costs, counted:
		return sequentialCounted
	case emulated:
		return nil
	}
	return sequentialTimed
}

// expected returns what a machine's "auto" will come to.
func expected(m matrix.Machine, kvm bool) (emulated, counted bool) {
	emulated = m.Accel == matrix.AccelTCG || m.Accel == matrix.AccelAuto && !kvm
	return emulated, m.Clock == matrix.ClockIcount || m.Clock == matrix.ClockAuto && emulated && m.CPUs <= 1
}
