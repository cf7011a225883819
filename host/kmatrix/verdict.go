package main

import (
	"errors"
	"fmt"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// verdict turns what the run found into the error that --fail-on and --strict
// ask for.
func (o *runOptions) verdict(c compare.Comparison, run matrix.Run, results []matrix.Result, dir string) error {
	counts := map[string]int{}
	for _, r := range results {
		counts[string(r.Outcome)]++
	}
	found := findings(o.failOn, c, run, results)
	switch {
	case len(found) > 0:
		return finding{"--fail-on: " + strings.Join(found, ", ")}
	case counts[string(matrix.Infra)] > 0:
		return unfinished{fmt.Errorf("%d cells have the outcome infra: this host could not do its part", counts[string(matrix.Infra)]), dir}
	case len(results) > 0 && counts[string(matrix.Unavailable)]+counts[string(matrix.BuildFailed)] == len(results):
		return errors.New("no kernel could be had: nothing was asked")
	case o.strict && counts[string(matrix.Unavailable)] > 0:
		return fmt.Errorf("--strict: %d cells belong to kernels that are unavailable", counts[string(matrix.Unavailable)])
	}
	return nil
}
