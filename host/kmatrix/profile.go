package main

import (
	"context"
	"slices"

	"kmatrix/host"
	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// What --profile takes: costs that are better or worse, which is meant without a
// value, or all.
const profileDiffering, profileAll = "differing", "all"

// profiles takes the profiles that --profile asks for; of a run that has not come
// to its end there are none.
func (o *runOptions) profiles(ctx context.Context, r *host.Runner, run matrix.Run, results []matrix.Result) ([]matrix.Profile, error) {
	if o.profile == "" || run.Interrupted {
		return nil, nil
	}
	cells := toProfile(compare.Compare(run, results), o.profile == profileAll)
	if len(cells) == 0 {
		return nil, nil
	}
	return r.Profile(ctx, cells)
}

// toProfile lists the cells of costs that are to be profiled, in the rows' order:
// both sides of each that differs, or all that were measured.
func toProfile(c compare.Comparison, all bool) []matrix.Cell {
	var cells []matrix.Cell
	add := func(kernel string, row compare.Row) {
		cell := matrix.Cell{Kernel: kernel, Machine: row.Machine, Probe: row.Probe}
		if !slices.Contains(cells, cell) {
			cells = append(cells, cell)
		}
	}
	for _, row := range c.Rows {
		for i, cell := range row.Cells {
			if all && cell.Sample() != nil {
				add(c.Columns[i].Name, row)
			}
			for _, k := range cell.Contrasts {
				if k.Verdict == compare.Worse || k.Verdict == compare.Better {
					add(k.Against, row)
					add(c.Columns[i].Name, row)
				}
			}
		}
	}
	return cells
}
