package report

import (
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// untested says of the columns that have no answer why, a sentence for each reason, with
// all kernels whose reason it is: with the machines, where the reasons are not the same on
// all.
func untested(c compare.Comparison) []string {
	type reason struct {
		outcome       matrix.Outcome
		detail, where string
	}
	var reasons []reason
	kernels := map[reason][]string{}
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
			key := reason{r.Outcome, r.Detail, where}
			if kernels[key] == nil {
				reasons = append(reasons, key)
			}
			kernels[key] = append(kernels[key], col.Name)
		}
	}
	var list []string
	for _, key := range reasons {
		list = append(list, joinAnd(kernels[key])+why(key.outcome, key.detail, key.where, len(kernels[key]) > 1))
	}
	return list
}

// why says what became of one kernel, or several, behind their names.
func why(outcome matrix.Outcome, detail, where string, several bool) string {
	is, does, was := "is", "does", "was"
	if several {
		is, does, was = "are", "do", "were"
	}
	switch outcome {
	case matrix.Unavailable:
		return fmt.Sprintf(" %s unavailable: %s", is, detail)
	case matrix.BuildFailed:
		return fmt.Sprintf(" %s not build: %s", does, detail)
	case matrix.BootFailed:
		return fmt.Sprintf(" did not boot%s: %s", where, strings.TrimPrefix(detail, "boot: "))
	}
	return fmt.Sprintf(" %s not tested%s, %s: %s", was, where, outcome, detail)
}

// joinAnd joins names: "5.10, 6.1 and 6.12".
func joinAnd(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
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

// troubles names the cells whose outcome is not the kernel's answer, by outcome and
// reason: the same on several kernels once, with all of them. Of columns that have no
// answer [untested] tells.
func troubles(c compare.Comparison, results []matrix.Result) []string {
	type key struct {
		detail  string
		outcome matrix.Outcome
	}
	type trouble struct {
		// probes are those of all kernels, and counts how many cells each of kernels has.
		probes, kernels []string
		counts          map[string]int
	}
	var told []string
	for i, col := range c.Columns {
		if c.Untested(i).All {
			told = append(told, col.Name)
		}
	}
	by := map[key]*trouble{}
	var order []key
	for _, r := range results {
		if r.Outcome == matrix.Pass || slices.Contains(told, r.Kernel) {
			continue
		}
		k := key{r.Detail, r.Outcome}
		if r.Flaky() {
			k.detail += fmt.Sprintf("; asked once more: %s", strings.TrimSuffix(string(r.Other.Outcome)+", "+r.Other.Detail, ", "))
		}
		t := by[k]
		if t == nil {
			t = &trouble{counts: map[string]int{}}
			by[k], order = t, append(order, k)
		}
		if t.counts[r.Kernel]++; t.counts[r.Kernel] == 1 {
			t.kernels = append(t.kernels, r.Kernel)
		}
		if !slices.Contains(t.probes, r.Probe) {
			t.probes = append(t.probes, r.Probe)
		}
	}
	// Results come as kernels were asked, and names in the columns' order.
	place := map[string]int{}
	for i, col := range c.Columns {
		place[col.Name] = i
	}
	var list []string
	for _, k := range order {
		t := by[k]
		slices.SortFunc(t.kernels, func(a, b string) int { return place[a] - place[b] })
		var names []string
		apart := slices.ContainsFunc(t.kernels, func(name string) bool { return t.counts[name] != t.counts[t.kernels[0]] })
		for _, name := range t.kernels {
			if apart {
				name += fmt.Sprintf(" (%d)", t.counts[name])
			}
			names = append(names, name)
		}
		where := t.probes[0]
		if n := len(t.probes); n > 1 {
			where = fmt.Sprintf("%s and %d more", where, n-1)
		}
		list = append(list, fmt.Sprintf("%s on %s, %s: %s", k.outcome, strings.Join(names, ", "), where, k.detail))
	}
	return list
}
