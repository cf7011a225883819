package main

import (
	"context"

	"kmatrix/host/experiment"
	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/store"
)

// What --profile takes: costs that differ, which is meant without a
// value, or all.
const profileDiffering, profileAll = "differing", "all"

// profiles takes the profiles that --profile asks for and the run has not yet, once
// it has come to its end, and returns all that it has.
func (o *runOptions) profiles(ctx context.Context, r experiment.Runner, st *store.Run, c compare.Comparison) ([]matrix.Profile, error) {
	var cells []matrix.Cell
	if o.profile != "" && !st.Header().Interrupted {
		cells = experiment.Costs(c, o.profile == profileAll)
	}
	return experiment.Profile(ctx, r, st, cells)
}
