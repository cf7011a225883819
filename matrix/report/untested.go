package report

import (
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// untested says of each column that has no answer why, a sentence for each reason:
// with the machines, where the reasons are not the same on all.
func untested(c compare.Comparison) []string {
	var list []string
	for i, col := range c.Columns {
		u := c.Untested(i)
		if !u.All {
			continue
		}
		apart := slices.ContainsFunc(u.Reasons, func(r compare.Reason) bool { return !slices.Equal(r.Machines, u.Reasons[0].Machines) })
		for _, r := range u.Reasons {
			where := ""
			if apart {
				where = " on " + strings.Join(r.Machines, " and ")
			}
			list = append(list, col.Name+why(r, where))
		}
	}
	return list
}

// why says what became of a kernel, behind its name.
func why(r compare.Reason, where string) string {
	switch r.Outcome {
	case matrix.Unavailable:
		return " is unavailable: " + r.Detail
	case matrix.BuildFailed:
		return " does not build: " + r.Detail
	case matrix.BootFailed:
		return fmt.Sprintf(" did not boot%s: %s", where, strings.TrimPrefix(r.Detail, "boot: "))
	}
	return fmt.Sprintf(" was not tested%s, %s: %s", where, r.Outcome, r.Detail)
}

// uncompared says why there is nothing to compare: the baseline has no answer, or
// no other kernel has. It is "" where there is something, or may still be, and
// where no kernel has an answer at all.
func uncompared(c compare.Comparison, baseline string) string {
	base := slices.IndexFunc(c.Columns, func(col compare.Column) bool { return col.Baseline })
	here := present(c)
	switch {
	case len(c.Columns) < 2 || len(here) == 0:
	case base < 0 || c.Columns[base].Absent():
		return fmt.Sprintf("the baseline, %s, is not there", baseline)
	case !slices.Contains(here, base):
		return fmt.Sprintf("the baseline, %s, has no answer", baseline)
	case len(here) == 1:
		return fmt.Sprintf("of the %d kernels only %s answered", len(c.Columns), c.Columns[here[0]].Name)
	}
	return ""
}

// troubles names the cells whose outcome is not the kernel's answer, by
// outcome and reason. Of columns that have no answer [untested] tells.
func troubles(c compare.Comparison, results []matrix.Result) []string {
	type key struct {
		kernel, detail string
		outcome        matrix.Outcome
	}
	var told []string
	for i, col := range c.Columns {
		if c.Untested(i).All {
			told = append(told, col.Name)
		}
	}
	counts := map[key]int{}
	first := map[key]string{}
	var order []key
	for _, r := range results {
		if r.Outcome == matrix.Pass || slices.Contains(told, r.Kernel) {
			continue
		}
		k := key{r.Kernel, r.Detail, r.Outcome}
		if r.Flaky() {
			k.detail += fmt.Sprintf("; asked once more: %s", strings.TrimSuffix(string(r.Other.Outcome)+", "+r.Other.Detail, ", "))
		}
		if counts[k]++; counts[k] == 1 {
			order, first[k] = append(order, k), r.Probe
		}
	}
	var list []string
	for _, k := range order {
		where := first[k]
		if n := counts[k]; n > 1 {
			where = fmt.Sprintf("%s and %d more", where, n-1)
		}
		list = append(list, fmt.Sprintf("%s on %s, %s: %s", k.outcome, k.kernel, where, k.detail))
	}
	return list
}
