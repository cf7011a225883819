package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// verdict turns what the run found into the error that --fail-on and --strict
// ask for. A finding is certain whatever else was not told; then comes what this
// host could not do, since who goes on with the run may learn the rest.
func (o *runOptions) verdict(c compare.Comparison, run matrix.Run, results []matrix.Result, dir string) error {
	counts := map[matrix.Outcome]int{}
	for _, r := range results {
		counts[r.Outcome]++
	}
	found := findings(o.failOn, c, run, results)
	untested := untestedKernels(c)
	switch {
	case len(found) > 0:
		return finding{"--fail-on: " + strings.Join(found, ", ")}
	case counts[matrix.Infra] > 0:
		return unfinished{fmt.Errorf("%d cells have the outcome infra: this host could not do its part", counts[matrix.Infra]), dir}
	case o.strict && len(untested) > 0:
		return notTested{"--strict: not tested: " + strings.Join(untested, ", ")}
	case len(results) > 0 && counts[matrix.Unavailable]+counts[matrix.BuildFailed] == len(results):
		return errors.New("no kernel could be had: nothing was asked")
	}
	return nil
}

// untestedKernels names the kernels that have cells without an answer in any boot,
// and the outcomes of these.
func untestedKernels(c compare.Comparison) (list []string) {
	for i, col := range c.Columns {
		u := c.Untested(i)
		var words []string
		for _, o := range u.Outcomes() {
			words = append(words, string(o))
		}
		slices.Sort(words)
		switch what := strings.Join(words, ", "); {
		case what == "":
		case u.All:
			list = append(list, fmt.Sprintf("%s (%s)", col.Name, what))
		case u.Cells == 1:
			list = append(list, fmt.Sprintf("a cell of %s (%s)", col.Name, what))
		default:
			list = append(list, fmt.Sprintf("%d cells of %s (%s)", u.Cells, col.Name, what))
		}
	}
	return list
}
