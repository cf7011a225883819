package ktap

import (
	"cmp"
	"fmt"

	"kmatrix/matrix"
)

// level is a list of tests side by side.
type level struct {
	at place
	// announced is set where a version or "# Subtest:" began it.
	announced bool
	// plan is how many tests were announced, -1 where nothing was, and reason is why
	// there are none.
	plan   int
	reason string
	// second is a plan that came when the first was kept, 0 where none did: another
	// report begins with it, or it is the first once more.
	second  int
	results int
	numbers numbers
	// sum is what they and the tests within them came to.
	sum matrix.Test
}

// planned takes a plan, which line is.
func (l *level) planned(n int, line string) {
	switch {
	case l.plan < 0:
		l.plan = n
	case n > 0 && l.results == l.plan:
		l.second = n
	default:
		l.sum.Problems = matrix.Keep(l.sum.Problems, fmt.Sprintf("there is a second plan, %q", line))
	}
}

// count counts a result, and what it and the tests within it came to. One that is
// printed twice, as happens when a process forks with its output in a buffer, counts
// once.
func (l *level) count(r result, sum matrix.Test) {
	if l.second > 0 {
		l.restart(l.second)
	}
	if l.numbers.add(r) && sum.Ran()+sum.Skipped == 1 {
		return
	}
	l.results++
	l.sum.Merge(sum)
}

// restart ends one report and begins another in its place, as a script prints that
// runs several programs. Its plan is -1 where it has none yet.
func (l *level) restart(plan int) {
	l.close()
	l.plan, l.second, l.results, l.numbers = plan, 0, 0, numbers{}
}

// close checks what was printed against the plan, and the numbers.
func (l *level) close() {
	if l.second > 0 && l.second != l.plan {
		l.sum.Problems = matrix.Keep(l.sum.Problems, fmt.Sprintf("there is a second plan, \"1..%d\"", l.second))
	}
	if l.plan >= 0 && l.plan != l.results {
		l.sum.Problems = matrix.Keep(l.sum.Problems, fmt.Sprintf("%d of %d planned tests ran", l.results, l.plan))
	}
	l.sum.Warnings = matrix.Keep(l.sum.Warnings, l.numbers.irregular()...)
}

// noTests says of a list of tests that it is empty, where no reason is given.
const noTests = "it has no tests"

// why returns the reason why there are no tests.
func (l *level) why() string { return cmp.Or(l.reason, noTests) }

// settle returns what a test came to, given its result, the diagnostic lines before
// it and the subtests within it, of which the zero level has none.
func (l *level) settle(r result, recent []string) matrix.Test {
	var (
		sum    = l.sum
		parent = l.results > 0
		quoted = l.at.hashes > 0
		failed = !r.ok && r.directive == ""
		empty  = !parent && l.announced && !quoted || l.plan == 0 && l.results == 0 && l.at != place{}
	)
	if quoted && !failed {
		// The runner has the program's exit code, which knows better.
		sum.Warnings, sum.Problems = matrix.Keep(sum.Warnings, sum.Problems...), nil
	}
	if empty && r.ok && r.directive == "" && l.reason == "" {
		sum.Warnings = matrix.Keep(sum.Warnings, noTests)
	}
	sum.Within(r.name)
	switch {
	case parent && r.directive == expected:
		sum.Expected, sum.Failed, sum.Failing, sum.Diagnostics = sum.Expected+sum.Failed, 0, nil, nil
	case parent && (!failed || sum.Failed > 0):
		// The innermost tests have been counted.
	case r.directive == expected:
		sum.Expected++
	case failed:
		sum.Failed++
		sum.Failing = matrix.Keep(sum.Failing, r.name)
		for _, line := range recent {
			sum.Diagnostics = matrix.Keep(sum.Diagnostics, r.name+": "+line)
		}
	case r.directive == skip || empty:
		sum.Skipped++
		text := r.name
		if reason := r.reason; r.directive == skip && reason != "" {
			text += ": " + reason
		} else if empty {
			text += ": " + l.why()
		}
		sum.Skips = matrix.Keep(sum.Skips, text)
	default:
		sum.Passed++
	}
	return sum
}
