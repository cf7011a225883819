package cost

import "slices"

// fewestCounted is how many passes count at least, if there are as many.
const fewestCounted = 5

// pass is one that was timed.
type pass struct {
	// took is in nanoseconds for each unit, see [clocks.time].
	took float64
	// waits is how often the thread gave the CPU up, to wait.
	waits int64
}

// passes are those of one boot, in their order.
type passes []pass

// counting returns the times of the passes that count, sorted: of those that waited
// least, and at least fewestCounted. What goes on while a pass waits is not in its
// time, be it work of its own that an interrupt does then: a pass that waits more
// than another is not the same work timed again.
func (all passes) counting() []float64 {
	waits := make([]int64, len(all))
	for i, p := range all {
		waits[i] = p.waits
	}
	slices.Sort(waits)
	limit := waits[min(fewestCounted, len(waits))-1]
	var times []float64
	for _, p := range all {
		if p.waits <= limit {
			times = append(times, p.took)
		}
	}
	slices.Sort(times)
	return times
}

// waited counts the passes that waited, and how often they did together.
func (all passes) waited() (waited int, waits int64) {
	for _, p := range all {
		if p.waits > 0 {
			waited++
			waits += p.waits
		}
	}
	return waited, waits
}

// enough reports whether no more passes are wanted.
func (all passes) enough() bool {
	if len(all) >= most {
		return true
	}
	times := all.counting()
	return len(times) >= mostPasses || agree(times)
}

// agree reports whether more passes would tell no more: the middle half of them, which
// are sorted, are the same.
func agree(times []float64) bool {
	n := len(times)
	return n >= enoughPasses && times[n*3/4]-times[n/4] <= agreement*times[n/2]
}
