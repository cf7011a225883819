package host

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"kmatrix/guest/wire"
	"kmatrix/host/kconfig"
	"kmatrix/host/oops"
	"kmatrix/matrix"
	"kmatrix/matrix/printable"
)

// answered decides the outcome of a cell whose probe gave an answer. Together
// with [unanswered] it is the one place where outcomes are decided.
//
// An "unsupported" that the guest's kernel is too new for is a failure, unless
// the file system or the feature that the probe needs is not in the kernel: what
// a kernel has of these is its builder's choice, what a call does is not.
func answered(k matrix.Kernel, p matrix.Probe, hello matrix.Hello, a wire.Answer) (matrix.Outcome, string) {
	switch a.Status {
	case wire.StatusOK:
		if a.Observation != nil && !k.Contract.Allows(a.Observation.Class) {
			return matrix.Fail, fmt.Sprintf("the contract %q does not allow %q", k.Contract, a.Observation.Class)
		}
		if a.Test != nil {
			return judged(*a.Test, a.Detail)
		}
		if a.Sample != nil {
			if why := idleReason(a.Sample); why != "" {
				return matrix.Unsupported, why
			}
		}
		return matrix.Pass, a.Detail
	case wire.StatusUnsupported:
		refused := slices.ContainsFunc(append(slices.Clone(p.Features), p.Needs), func(name string) bool {
			_, ok := hello.Refused[name]
			return ok
		})
		if !refused && p.Since != "" && atLeast(hello.Release, p.Since) {
			return matrix.Fail, fmt.Sprintf("must work since %s, and the guest says: %s", p.Since, a.Detail)
		}
		return matrix.Unsupported, a.Detail
	case wire.StatusDied:
		return matrix.Crash, "the probe's process died: " + a.Detail
	case wire.StatusOverdue:
		return matrix.Hang, a.Detail
	default:
		return matrix.Fail, "the probe could not be carried out: " + a.Detail
	}
}

// wrongKind makes an answer of another kind than the probe's a failure: a table has
// no place for it.
func wrongKind(p matrix.Probe, a *wire.Answer) {
	want, is := "an observation", a.Observation != nil
	switch p.Kind {
	case matrix.Performance:
		want, is = "a sample", a.Sample != nil
	case matrix.External:
		want, is = "a test", a.Test != nil
	}
	if a.Status == wire.StatusOK && !is {
		*a = wire.Answer{Status: wire.StatusError, Detail: fmt.Sprintf("the probe asks for %s, and the guest answered with something else", want)}
	}
}

// judged decides the outcome of a test; last is the last line that its program
// printed.
func judged(t matrix.Test, last string) (matrix.Outcome, string) {
	outcome, why := t.Outcome()
	switch {
	case outcome == matrix.Pass && t.Skipped > 0:
		why = "skipped: " + matrix.Several(t.Skips, t.Skipped)
	case outcome == matrix.Pass && len(t.Warnings) == 0:
		return outcome, last
	case outcome == matrix.Pass:
	case outcome == matrix.Unsupported:
	case t.Judge == matrix.JudgeKTAP && t.Failed > 0 && len(t.Diagnostics) > 0:
		why += "; " + t.Diagnostics[0]
	case t.Judge == matrix.JudgeExit && last != "":
		why += ": " + last
	}
	if len(t.Warnings) > 0 {
		why = strings.TrimPrefix(why+"; the report is irregular: ", "; ") + matrix.Several(t.Warnings, len(t.Warnings))
	}
	return outcome, why
}

// end is how a session ended before all its cells were answered.
type end struct {
	// phase is the last one that was entered.
	phase phase
	// again tells that no cell was asked, and that another guest will be.
	again bool
	// overdue tells that the phase's deadline passed.
	overdue bool
	// reports are what the kernel said of its own trouble since the last answer, and
	// panic is the title of the one that was its death, "" if none. What an
	// examination made it print is not among them.
	reports []matrix.Report
	panic   string
	// panicked tells that the kernel told QEMU of a panic, rebooted that it printed
	// that it was told to end, and shutdown is why QEMU ended (qapi/run-state.json,
	// ShutdownCause).
	panicked, rebooted bool
	shutdown           string
	// infra is what the host could not do; nil where the guest is to blame. spoiled
	// tells that it may do so the next time.
	infra   error
	spoiled bool
	// err is what the host saw of it.
	err error
}

// blame looks in what the kernel said for its death. What says that something stands
// still is none where the guest was overdue, also if the kernel made a panic of it.
func (e *end) blame(said []matrix.Report) {
	e.reports = said
	if r, ok := oops.Fatal(said); ok && (!e.overdue || !r.Kind.Stalls()) {
		e.panic = cmp.Or(r.Headline, r.Title)
	}
}

// unanswered decides the outcome of the cell that a session ended with: the probe
// that was running, or, before the first one, every cell that was asked for.
func unanswered(e end) (matrix.Outcome, string) {
	// An error can hold what the guest said: SSH's, and those of JSON, do.
	detail := printable.Line(fmt.Sprint(e.err), wire.MaxDetail)
	switch {
	case e.panic != "":
		detail = e.panic
	case e.panicked:
		detail = "the kernel panicked, and its console does not tell of what: " + detail
	case !e.overdue && e.shutdown == "guest-reset" && !e.rebooted:
		detail = "the guest was reset, as by a triple fault, without a word: " + detail
	case !e.overdue && e.shutdown != "" && e.shutdown != "host-qmp-quit": // which is kmatrix
		detail = "QEMU ended by " + e.shutdown + ": " + detail
	}
	died := e.panic != "" || e.panicked || !e.overdue && e.shutdown == "guest-reset" && !e.rebooted
	switch {
	case e.infra != nil:
		return matrix.Infra, printable.Line(e.infra.Error(), wire.MaxDetail)
	case e.phase < phaseProbes:
		return matrix.BootFailed, fmt.Sprintf("%s: %s", e.phase, detail)
	case died:
		return matrix.Crash, detail
	case e.overdue:
		if i := slices.IndexFunc(e.reports, func(r matrix.Report) bool { return r.Kind.Stalls() }); i >= 0 {
			detail += "; the kernel said: " + e.reports[i].Title
		}
		return matrix.Hang, detail
	default:
		return matrix.Lost, detail
	}
}

// lacking adds to a detail the options that the kernel's configuration does not set,
// and that what went wrong rests on.
func lacking(detail string, options []string) string {
	if len(options) == 0 {
		return detail
	}
	return detail + "; the kernel's configuration has no " + strings.Join(options, ", ")
}

// missing returns the options for what the probe needs and the guest has refused.
func missing(options kconfig.Config, p matrix.Probe, refused map[string]string) (list []string) {
	for _, name := range append(slices.Clone(p.Features), p.Needs) {
		if _, ok := refused[name]; ok {
			list = append(list, options.Feature(name)...)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// onceMore decides whether a cell with that outcome is asked once more: where it ended
// its guest or its process, or overran, or the host spoiled what may go well the
// next time.
func onceMore(o matrix.Outcome, spoiled bool) bool {
	switch o {
	case matrix.Crash, matrix.Hang, matrix.Lost:
		return true
	case matrix.Infra:
		return spoiled
	}
	return false
}

// settled decides the outcome of a cell that was asked twice. That the second try
// went well makes no crash undone: the first one's outcome stands, with the second
// beside it. Only where the host had spoiled the first does the second count.
func settled(first, second matrix.Result) matrix.Result {
	if first.Outcome == matrix.Infra {
		first, second = second, first
	}
	first.Other = &second.Attempt
	return first
}

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

// atLeast reports whether a kernel release such as "6.1.0-41-cloud-amd64" is
// of a version not below since, for example "5.10". What cannot be read counts
// as below, so that no failure is claimed on it.
func atLeast(release, since string) bool {
	var major, minor, wantMajor, wantMinor int
	if _, err := fmt.Sscanf(release, "%d.%d", &major, &minor); err != nil {
		return false
	}
	if _, err := fmt.Sscanf(since, "%d.%d", &wantMajor, &wantMinor); err != nil {
		return false
	}
	return major > wantMajor || major == wantMajor && minor >= wantMinor
}
