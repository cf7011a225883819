package host

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kmatrix/guest/wire"
	"kmatrix/host/deadline"
	"kmatrix/host/oops"
	"kmatrix/host/vm"
	"kmatrix/matrix"
	"kmatrix/matrix/printable"
)

// phase is a part of a session, each with a deadline of its own.
type phase int

const (
	phaseBoot phase = iota
	phaseAgent
	phaseProbes
)

func (p phase) String() string {
	return [...]string{"boot", "agent", "probes"}[p]
}

// stop is where a guest's phases ended, as its session saw it.
type stop struct {
	// phase is the last one that was entered.
	phase phase
	// err is what went wrong: a [*deadline.OverdueError], a [*deadline.StarvedError],
	// or what the guest's channel ended with; nil when all that was asked has an answer.
	err error
	// unasked reports that no cell was asked, since another guest will be.
	unasked bool
}

// overdue reports whether the phase's deadline passed.
func (s stop) overdue() bool { return errors.Is(s.err, deadline.ErrOverdue) }

// cause is why a session ended before all its cells had an answer. [causeOf] and
// [hostFailure] make it, and [unanswered] makes an outcome of it.
type cause struct {
	kind causeKind
	// phase is the one that the guest was in.
	phase phase
	// detail says it in words.
	detail string
	// reports are what the kernel said of its own trouble since the last answer. What an
	// examination made it print is not among them.
	reports []matrix.CrashReport
}

// causeKind is a kind of [cause].
type causeKind int

const (
	// hostFailed: this host could not do its part, and will do no better.
	hostFailed causeKind = iota
	// hostInterfered: something on this host spoiled what may go well the next time.
	hostInterfered
	// kernelDied: the kernel panicked, or reset the machine.
	kernelDied
	// guestOverdue: a deadline passed.
	guestOverdue
	// guestLost: the guest was gone, without a word of its kernel.
	guestLost
)

// hostFailure is the cause of a session that could not begin.
func hostFailure(err error) cause {
	return cause{kind: hostFailed, phase: phaseBoot, detail: printable.Line(err.Error(), wire.MaxDetail)}
}

// causeOf finds why a guest stopped, by how it exited and what its kernel had printed.
// What this host did to it counts first, then what its kernel said.
func causeOf(s stop, exit vm.Exit, reports []matrix.CrashReport, m matrix.Machine) cause {
	c := cause{phase: s.phase, reports: reports}
	// An error can hold what the guest said: SSH's, and those of JSON, do.
	set := func(kind causeKind, detail string) cause {
		c.kind, c.detail = kind, printable.Line(detail, wire.MaxDetail)
		return c
	}
	var starved *deadline.StarvedError
	starving := errors.As(s.err, &starved)
	switch {
	case exit.Killed != "":
		return set(hostInterfered, fmt.Sprintf("QEMU was killed (%s), by something outside of kmatrix", exit.Killed))
	case exit.Err != nil:
		kind := hostFailed
		if starving {
			kind = hostInterfered
		}
		return set(kind, fmt.Sprintf("%v; the command was: %s", kvmHint(m, exit.Err), exit.Command))
	case starving:
		return set(hostInterfered, starved.Error())
	}
	seen := s.err.Error()
	if exit.Refused != "" {
		seen = exit.Refused
	}
	seen = printable.Line(seen, wire.MaxDetail)
	shutdown := "" // qapi/run-state.json, ShutdownCause
	for _, ev := range exit.Events {
		if ev.Name == "SHUTDOWN" {
			shutdown = ev.Reason
		}
	}
	// A stall is no death of a guest that was overdue, also if the kernel made a panic of it.
	death, died := oops.Fatal(reports)
	died = died && (!s.overdue() || !death.Kind.Stalls())
	reset := shutdown == "guest-reset" && !strings.Contains(exit.Console, "reboot: ")
	switch {
	case died:
		c.kind, c.detail = kernelDied, cmp.Or(death.Headline, death.Title)
	case exit.Panicked:
		c.kind, c.detail = kernelDied, "the kernel panicked, and its console does not tell of what: "+seen
	case s.overdue():
		// An examination may have reset it.
		c.kind, c.detail = guestOverdue, seen
		if i := slices.IndexFunc(reports, func(r matrix.CrashReport) bool { return r.Kind.Stalls() }); i >= 0 && s.phase == phaseProbes {
			c.detail += "; the kernel said: " + reports[i].Title
		}
	case reset:
		c.kind, c.detail = kernelDied, "the guest was reset, as by a triple fault, without a word: "+seen
	case shutdown != "" && shutdown != "host-qmp-quit": // which is kmatrix
		c.kind, c.detail = guestLost, "QEMU ended by "+shutdown+": "+seen
	default:
		c.kind, c.detail = guestLost, seen
	}
	return c
}
