// Package hangs keeps short the waiting for hangs that have one cause.
//
// A probe that hangs costs its whole deadline each time that it is asked, and one flaw of
// a kernel lets a whole family of probes hang, those whose names begin alike. Once two
// probes of a family have hung with the same stack, a third one is asked with its whole
// deadline as well. Only if that hangs with this stack, too, are the others given an early
// part of the deadline, see [Share]: one that has no answer by then and is seen with the
// same stack has hung. One that is seen with another stack, or with none, is waited for as
// ever. Where the third ended in any other way, all are.
package hangs

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Share is which part of a deadline is early.
const Share = 10

// Early returns the early part of a deadline; budget is the part of it in which the probe
// works.
func Early(limit, budget time.Duration) time.Duration { return budget + (limit-budget)/Share }

// Stack is where a probe hangs.
type Stack struct {
	// Functions name the stacks of all its tasks that are stuck; "" where that is not
	// known, which is like no other.
	Functions string
	// In is the function to tell people.
	In string
}

// Alike are three probes of a family that hung with the same stack.
type Alike struct {
	Stack  Stack
	Probes []string
}

// Families are those of the probes that hang. The zero value is ready, and may be used by
// several goroutines.
type Families struct {
	mu  sync.Mutex
	all map[string]*family
}

// family are the probes of one kernel and machine whose names begin alike.
type family struct {
	// hung are the probes that hung with a stack, up to the second of one stack, which
	// is suspect from then on.
	hung    map[Stack][]string
	suspect *Alike
	// known tells that a third hung alike, and refuted that it did not.
	known, refuted bool
}

// of returns the family of the probe; where names the kernel and the machine. The lock is
// held.
func (f *Families) of(where, probe string) *family {
	parts := strings.SplitN(probe, "/", 3)
	key := where + " " + strings.Join(parts[:min(2, len(parts))], "/")
	if f.all == nil {
		f.all = map[string]*family{}
	}
	if f.all[key] == nil {
		f.all[key] = &family{hung: map[Stack][]string{}}
	}
	return f.all[key]
}

// Known returns what the probe's family hangs with, if that is known.
func (f *Families) Known(where, probe string) (Alike, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one := f.of(where, probe); one.known {
		return *one.suspect, true
	}
	return Alike{}, false
}

// Hung tells that the probe had no answer within its whole deadline.
func (f *Families) Hung(where, probe string, stack Stack) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one := f.of(where, probe)
	switch {
	case one.known || one.refuted:
	case one.suspect != nil:
		if slices.Contains(one.suspect.Probes, probe) {
			return // asked once more
		}
		if one.known, one.refuted = stack == one.suspect.Stack, stack != one.suspect.Stack; one.known {
			one.suspect.Probes = append(one.suspect.Probes, probe)
		}
	case stack.Functions != "" && !slices.Contains(one.hung[stack], probe):
		one.hung[stack] = append(one.hung[stack], probe)
		if len(one.hung[stack]) == 2 {
			one.suspect = &Alike{stack, one.hung[stack]}
		}
	}
}

// Ended tells that the probe ended in another way than by a hang.
func (f *Families) Ended(where, probe string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one := f.of(where, probe); one.suspect != nil && !one.known && !slices.Contains(one.suspect.Probes, probe) {
		one.refuted = true
	}
}
