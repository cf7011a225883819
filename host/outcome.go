package host

import (
	"fmt"
	"slices"
	"strings"

	"kmatrix/guest/wire"
	"kmatrix/host/kconfig"
	"kmatrix/matrix"
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
		if a.Observation != nil {
			if why := forbidden(k.Contract, *a.Observation, a.Detail); why != "" {
				return matrix.Fail, why
			}
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
	case wire.StatusUnmet:
		return matrix.Unsupported, a.Detail
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

// forbidden says what fails an observation: a class that the kernel's contract does not
// allow, and a source that did not stay intact, which no kernel may do, with what the
// guest says of it. It is "" where nothing does.
func forbidden(c matrix.Contract, o matrix.Observation, said string) string {
	var list []string
	if !c.Allows(o.Class) {
		list = append(list, fmt.Sprintf("the contract %q does not allow %q", c, o.Class))
	}
	if o.Source != "" && o.Source != matrix.SourceIntact {
		list = append(list, strings.TrimSuffix(fmt.Sprintf("the source is %s: %s", o.Source, said), ": "))
	}
	return strings.Join(list, "; ")
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
	case t.ResultFormat == matrix.FormatKTAP && t.Failed > 0 && len(t.Diagnostics) > 0:
		why += "; " + t.Diagnostics[0]
	case t.ResultFormat == matrix.FormatExit && last != "":
		why += ": " + last
	}
	if len(t.Warnings) > 0 {
		why = strings.TrimPrefix(why+"; the report is irregular: ", "; ") + matrix.Several(t.Warnings, len(t.Warnings))
	}
	return outcome, why
}

// unanswered decides the outcome of the cell that a session ended with: the probe that
// was running, or, before the first one, every cell that was asked for.
func unanswered(c cause) (matrix.Outcome, string) {
	switch {
	case c.kind == hostFailed, c.kind == hostInterfered:
		return matrix.Infra, c.detail
	case c.phase < phaseProbes:
		return matrix.BootFailed, fmt.Sprintf("%s: %s", c.phase, c.detail)
	case c.kind == kernelDied:
		return matrix.Crash, c.detail
	case c.kind == guestOverdue:
		return matrix.Hang, c.detail
	}
	return matrix.Lost, c.detail
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

// shouldRetry reports whether a cell with that outcome is asked once more: where it ended
// its guest or its process, or overran, or the host spoiled what may go well the
// next time.
func shouldRetry(o matrix.Outcome, spoiled bool) bool {
	switch o {
	case matrix.Crash, matrix.Hang, matrix.Lost:
		return true
	case matrix.Infra:
		return spoiled
	}
	return false
}

// settled decides the outcome of a cell that was asked twice. That the second attempt
// went well makes no crash undone: the first one's outcome stands, with the second
// beside it. Only where the host had spoiled the first does the second count.
func settled(first, second matrix.Result) matrix.Result {
	if first.Outcome == matrix.Infra {
		first, second = second, first
	}
	first.Other = &second.Attempt
	return first
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
