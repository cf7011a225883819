package host

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"kmatrix/host/deadline"
	"kmatrix/host/hangs"
	"kmatrix/host/oops"
	"kmatrix/matrix"
)

// hang is where the probe that a session waits for is stuck.
type hang struct {
	// stack is where it was last seen.
	stack hangs.Stack
	// alike is set where it was given up early: those that hang as it does.
	alike *hangs.Alike
	// seen are the tasks that were stuck in the guest, by their PIDs, with the probe that
	// ran when they were first seen: what a probe leaves behind in the kernel stays there.
	seen map[int]string
}

// place names the kernel and the machine of a session.
func (s *session) place() string { return s.batch.kernel + "/" + s.batch.machine }

// begin forgets the probe before. It returns the early part of the next one's deadline,
// 0 where it has none.
func (s *session) begin(probe string, limit, budget time.Duration) (early time.Duration) {
	s.hang.stack, s.hang.alike = hangs.Stack{}, nil
	if _, ok := s.r.hangs.Known(s.place(), probe); ok {
		return hangs.Early(limit, budget)
	}
	return 0
}

// hangsAlike examines a probe that has no answer early, and reports whether it hangs as
// others of its family do.
func (s *session) hangsAlike(ctx context.Context, g guest, probe string) bool {
	s.examine(ctx, g, probe)
	known, ok := s.r.hangs.Known(s.place(), probe)
	if !ok || s.hang.stack != known.Stack {
		return false
	}
	s.hang.alike = &known
	return true
}

// saw keeps where the probe is stuck, by the tasks that an examination showed.
func (h *hang) saw(probe string, tasks []oops.StuckTask) {
	if h.seen == nil {
		h.seen = map[int]string{}
	}
	h.stack = hangs.Stack{}
	var stacks []string
	for _, t := range tasks {
		if h.seen[t.PID] == "" {
			h.seen[t.PID] = probe
		}
		if h.seen[t.PID] != probe {
			continue
		}
		if len(stacks) == 0 {
			h.stack.In = t.In
		}
		stacks = append(stacks, strings.Join(t.Stack, " < "))
	}
	slices.Sort(stacks)
	h.stack.Functions = strings.Join(slices.Compact(stacks), "\n")
}

// ended tells the probe's family how it ended; of what this host did nothing is told.
func (s *session) ended(probe string, o matrix.Outcome) {
	switch {
	case o == matrix.Infra:
	case o != matrix.Hang:
		s.r.hangs.Ended(s.place(), probe)
	case s.hang.alike == nil:
		s.r.hangs.Hung(s.place(), probe, s.hang.stack)
	}
}

// late is the error of a probe that took longer than it may, that long.
func (s *session) late(probe string, took time.Duration) error {
	budgets := s.r.budgets([]string{probe})
	late := &deadline.OverdueError{
		Missing: "no answer", Limit: s.r.limit([]string{probe}, budgets), Took: took, Extra: s.r.cfg.Deadlines.grace + examineDeadline,
	}
	if s.hang.alike == nil {
		return late
	}
	late.Limit = hangs.Early(late.Limit, budgets[probe])
	n := len(s.hang.alike.Probes) - 1
	return fmt.Errorf("%w, a part of its deadline: it is stuck in %s as %s and %s were, which had all of theirs", late, s.hang.alike.Stack.In, strings.Join(s.hang.alike.Probes[:n], ", "), s.hang.alike.Probes[n])
}
