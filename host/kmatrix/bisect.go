package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"kmatrix/host/bisect"
	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/spec"
)

// Exit codes of run --for-bisect. git takes 1 to 124, 126 and 127 for bad, 125 for a
// commit that cannot be tested, and stops on 128 and more (git-bisect(1)), so that
// no other code than these may leave the process.
const (
	exitSkip          = 125
	exitBisectMisuse  = 128
	exitBisectHost    = 129
	exitBisectStopped = exitInterrupted
)

const bisectHelp = `--for-bisect answers 'git bisect run' about the one kernel beside the baseline: 0 it
answers as the baseline does in every cell, 1 it differs in one: what the table marks
with ≠, or a comparable cost that is better, worse or not ordered; 125 it was not tested
(unavailable, build-failed, boot-failed, lost), or its verdict is inconclusive. git
stops on the others: 128 wrong use, 129 this host could not do its part or the
baseline has no answer, 130 interrupted. A difference counts whatever else lacks an
answer. --bad-is OUTCOME makes 1 of an outcome of that kernel whatever the baseline
answers: --bad-is boot-failed finds the commit from which on it does not boot.`

// bisectOptions are the flags of `kmatrix run` for git bisect.
type bisectOptions struct {
	on    bool
	badIs []string
}

// bisecting reports whether the arguments ask for exit codes for git bisect. It
// looks at them before they are parsed, since what cannot be parsed must not look
// like a bad commit, and takes what is nearly the flag for it.
func bisecting(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool {
		name, value, given := strings.Cut(arg, "=")
		if on, err := strconv.ParseBool(value); given && err == nil && !on {
			return false
		}
		name = strings.ToLower(strings.ReplaceAll(name, "_", "-"))
		return strings.HasPrefix(name, "-") && (strings.Contains(name, "bisect") || strings.Contains(name, "-bad-is"))
	})
}

// bisectCode is the code for git bisect of a run that would end with code.
func bisectCode(code int) int {
	switch code {
	case exitDone, exitFinding:
		return code
	case exitNotTested:
		return exitSkip
	case exitWrongUse:
		return exitBisectMisuse
	case exitInterrupted:
		return exitBisectStopped
	}
	return exitBisectHost
}

// badOutcomes are those that --bad-is takes: outcomes of a kernel that has been had.
func badOutcomes() (list []string) {
	for _, o := range matrix.Outcomes {
		if o != matrix.Pass && o != matrix.Infra && o != matrix.Unavailable {
			list = append(list, string(o))
		}
	}
	return list
}

// check refuses flags that do not go together.
func (b bisectOptions) check(o *runOptions) error {
	if !b.on {
		if len(b.badIs) > 0 {
			return wrong("--bad-is %s: says what git bisect is to take for bad: add --for-bisect", strings.Join(b.badIs, ","))
		}
		return nil
	}
	switch {
	case o.aa:
		return wrong("--for-bisect and --aa: choose one: --aa runs one kernel as two columns")
	case o.strict, len(o.failOn) > 0:
		return wrong("--for-bisect and --strict or --fail-on: choose one: each says what the exit code means")
	}
	for _, v := range b.badIs {
		if !slices.Contains(badOutcomes(), v) {
			return wrong("--bad-is %s: allowed are %s", v, strings.Join(badOutcomes(), ", "))
		}
	}
	return nil
}

// checkPlan refuses columns that are not the baseline and one other, and costs that
// can never be compared with the baseline's.
func (b bisectOptions) checkPlan(s *spec.Spec, plan *spec.Plan) error {
	if !b.on {
		return nil
	}
	var names []string
	for _, k := range plan.Kernels {
		names = append(names, k.Name)
	}
	if plan.Baseline != s.Baseline {
		return wrong("--for-bisect: the baseline of %s, %s, is not among the columns, %s: add -k %s", s.Path, s.Baseline, strings.Join(names, " and "), s.Baseline)
	}
	if len(names) != 2 {
		return wrong("--for-bisect: wants two columns, the baseline, %s, and a candidate, and has %d: %s; choose with -k", s.Baseline, len(names), strings.Join(names, ", "))
	}
	x, y := plan.Kernels[0], plan.Kernels[1]
	costs := slices.ContainsFunc(plan.Probes, func(p matrix.Probe) bool { return p.Kind == matrix.Performance })
	if costs && x.Build != y.Build {
		return wrong("--for-bisect: the costs of %s and %s do not compare, since they are not built alike: give both one build, or leave costs out, as with -p stability", x.Name, y.Name)
	}
	return nil
}

// verdict turns what the run found into the error whose exit code tells git bisect,
// and says on w that there is none.
func (b bisectOptions) verdict(w io.Writer, c compare.Comparison, dir string) error {
	a := bisect.Decide(c, b.badIs)
	text := "--for-bisect: " + a.Text
	switch a.Verdict {
	case bisect.Bad:
		return finding{text}
	case bisect.Skip:
		return notTested{text}
	case bisect.HostFailed:
		return unfinished{errors.New(text), dir}
	case bisect.NoBaseline:
		return errors.New(text)
	}
	_, err := fmt.Fprintf(w, "kmatrix: %s\n", text)
	return err
}
