package host

import (
	"context"
	"slices"
	"sync"

	"kmatrix/matrix"
)

// batch is what one boot is asked: cells of one kernel and one machine.
type batch struct {
	kernel  string
	machine string
	// boot counts from 1.
	boot   int
	probes []string
	// profile reports whether its cells are asked for profiles, and not for results.
	profile bool
}

// batches cuts cells into one batch a boot, of the boots behind after up to upTo, both by
// the machines' names. Boots of the same number stand
// together and hold every kernel, in the cells' order for odd boots and in the
// reverse for even ones, so that a drift of the host hits all kernels alike. Cells
// that have their final result for a boot, as final reports, are left out of its batch.
func batches(cells []matrix.Cell, after, upTo map[string]int, final func(cell string, boot int) bool) []batch {
	type key struct{ kernel, machine string }
	var order []key
	probes := map[key][]string{}
	most := 0
	for _, c := range cells {
		k := key{c.Kernel, c.Machine}
		if probes[k] == nil {
			order = append(order, k)
		}
		probes[k] = append(probes[k], c.Probe)
		most = max(most, upTo[c.Machine], 1)
	}
	var all []batch
	for boot := 1; boot <= most; boot++ {
		for i := range order {
			k := order[i]
			if boot%2 == 0 {
				k = order[len(order)-1-i]
			}
			if boot <= after[k.machine] || boot > max(1, upTo[k.machine]) {
				continue
			}
			b := batch{kernel: k.kernel, machine: k.machine, boot: boot}
			for _, p := range probes[k] {
				if !final(matrix.Cell{Kernel: k.kernel, Machine: k.machine, Probe: p}.ID(), boot) {
					b.probes = append(b.probes, p)
				}
			}
			if len(b.probes) > 0 {
				all = append(all, b)
			}
		}
	}
	return all
}

// queue hands out batches in order, passing over those whose kernel is still
// being fetched.
type queue struct {
	mu      sync.Mutex
	changed *sync.Cond
	waiting []batch
	ready   map[string]bool
}

func newQueue(all []batch) *queue {
	q := &queue{waiting: all, ready: map[string]bool{}}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// wants reports whether batches of the kernel wait.
func (q *queue) wants(kernel string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.ContainsFunc(q.waiting, func(b batch) bool { return b.kernel == kernel })
}

// open lets the kernel's batches out.
func (q *queue) open(kernel string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ready[kernel] = true
	q.changed.Broadcast()
}

// drop takes the kernel's batches out of the queue and returns them.
func (q *queue) drop(kernel string) []batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	var dropped, rest []batch
	for _, b := range q.waiting {
		if b.kernel == kernel {
			dropped = append(dropped, b)
		} else {
			rest = append(rest, b)
		}
	}
	q.waiting = rest
	q.changed.Broadcast()
	return dropped
}

// next waits for a batch; false when none is left or ctx has ended.
func (q *queue) next(ctx context.Context) (batch, bool) {
	stop := context.AfterFunc(ctx, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.changed.Broadcast()
	})
	defer stop()
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) > 0 && ctx.Err() == nil {
		for i, b := range q.waiting {
			if q.ready[b.kernel] {
				q.waiting = append(append([]batch(nil), q.waiting[:i]...), q.waiting[i+1:]...)
				return b, true
			}
		}
		q.changed.Wait()
	}
	return batch{}, false
}
