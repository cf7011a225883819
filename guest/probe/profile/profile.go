// Package profile finds out where in the kernel a thread's work is done.
//
// A [Sampler] (sampler.go) has the kernel's software clock, which every kernel
// with perf events has and which works where the guest's instructions are counted,
// interrupt the thread every thirteen microseconds and keep what it was at
// (ring.go). Where instructions are counted a guest does the same at the same
// nanosecond each time: a period that divides a pass would hit the same few places
// again and again. So each pass begins somewhere else in a period (phase.go).
// [Count] turns the places into functions by the kernel's own list of symbols
// (symbols.go).
//
// What runs with interrupts disabled is not hit: its samples fall to where they
// are enabled again.
package profile

import (
	"cmp"
	"slices"

	"kmatrix/matrix"
)

// Sample is one place at one time.
type Sample struct {
	// Address is the instruction's, Time is by CLOCK_MONOTONIC_RAW in nanoseconds.
	Address, Time uint64
	Kernel        bool
	// Pass counts the passes, of which it fell into one.
	Pass int
}

// tally counts what hit a function, see [matrix.FunctionSamples].
type tally struct{ samples, squares, pass, inPass int64 }

// add counts one more; those of a pass come together.
func (t *tally) add(pass int64) {
	if t.pass != pass {
		t.pass, t.inPass = pass, 0
	}
	t.samples++
	t.squares += 2*t.inPass + 1 // (n+1)² − n²
	t.inPass++
}

// Count counts samples, in the order of their passes, by the functions that they hit.
func Count(samples []Sample, symbols *Symbols) *matrix.ProfileCounts {
	p := &matrix.ProfileCounts{Samples: int64(len(samples))}
	counts := map[symbolName]*tally{}
	for _, s := range samples {
		name, ok := symbolName{}, false
		if s.Kernel {
			name, ok = symbols.find(s.Address)
		}
		switch {
		case !s.Kernel:
			p.User++
		case !ok:
			p.Unlocated++
		case len(name.function) > matrix.MaxSymbol:
			p.Rest++
		default:
			if counts[name] == nil {
				counts[name] = &tally{}
			}
			counts[name].add(int64(s.Pass))
		}
	}
	for name, n := range counts {
		p.Functions = append(p.Functions, matrix.FunctionSamples{Name: name.function, Module: name.module, Samples: n.samples, Squares: n.squares})
	}
	slices.SortFunc(p.Functions, func(a, b matrix.FunctionSamples) int {
		return cmp.Or(cmp.Compare(b.Samples, a.Samples), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Module, b.Module))
	})
	for len(p.Functions) > matrix.MaxFunctions {
		last := len(p.Functions) - 1
		p.Rest += p.Functions[last].Samples
		p.Functions = p.Functions[:last]
	}
	return p
}
