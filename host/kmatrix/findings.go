package main

import (
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// verdicts are those that --fail-on takes, beside outcomes.
var verdicts = []matrix.Verdict{matrix.VerdictDiffers, matrix.VerdictWorse, matrix.VerdictBetter, matrix.VerdictNotOrdered, matrix.VerdictInconclusive}

// findingNames lists what --fail-on takes.
func findingNames() string {
	var names []string
	for _, v := range verdicts {
		names = append(names, string(v))
	}
	for _, o := range matrix.Outcomes {
		if o != matrix.Pass {
			names = append(names, string(o))
		}
	}
	return strings.Join(append(names, findingCrashReport), ", ")
}

// findingCrashReport is a report of a kernel's own trouble that is not known.
const findingCrashReport = "report"

// checkFailOn refuses values that name nothing.
func checkFailOn(values []string) error {
	for _, f := range values {
		if f != findingCrashReport && (f == string(matrix.Pass) || !slices.Contains(verdicts, matrix.Verdict(f)) && !slices.Contains(matrix.Outcomes, matrix.Outcome(f))) {
			return wrong("--fail-on %s: allowed are %s", f, findingNames())
		}
	}
	return nil
}

// findings says how many of what --fail-on asks for there are.
func findings(values []string, c compare.Comparison, run matrix.Run, results []matrix.Result) []string {
	var found []string
	for _, f := range values {
		n := 0
		if slices.Contains(verdicts, matrix.Verdict(f)) {
			n = c.Count(matrix.Verdict(f))
		}
		if f == findingCrashReport {
			for _, r := range matrix.AllCrashReports(run, results) {
				if !r.Known {
					n++
				}
			}
		}
		for _, r := range results {
			if string(r.Outcome) == f {
				n++
			}
		}
		if n > 0 {
			found = append(found, fmt.Sprintf("%d %s", n, f))
		}
	}
	return found
}
