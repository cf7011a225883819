package host

import (
	"slices"

	"kmatrix/matrix"
)

// alone reports whether a machine's cell of that probe has a guest to itself.
func (r *Runner) alone(m matrix.Machine, probe string) bool {
	switch m.Isolate {
	case matrix.IsolateCell:
		return true
	case matrix.IsolateBatch, matrix.IsolateBoot:
		return false
	}
	return r.probe(probe).Kind != matrix.Stability
}

// portion returns how many of the cells that are left the next guest is asked,
// and whether it is one that has a guest to itself.
func (r *Runner) portion(m matrix.Machine, left []string) (n int, alone bool) {
	if r.alone(m, left[0]) {
		return 1, true
	}
	n = slices.IndexFunc(left, func(p string) bool { return r.alone(m, p) })
	if n < 0 {
		n = len(left)
	}
	return n, false
}

// clones reports whether a batch's boot is worth a snapshot: whether a second
// guest will start from it, or may have to, because the first has died.
func (r *Runner) clones(m matrix.Machine, probes []string) bool {
	return m.Isolate != matrix.IsolateBoot && (len(probes) > 1 || r.alone(m, probes[0]))
}
