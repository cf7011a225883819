package main

import (
	"context"
	"errors"
	"slices"

	"kmatrix/host"
	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// What --profile takes: costs that are better or worse, which is meant without a
// value, or all.
const profileDiffering, profileAll = "differing", "all"

// profiles takes the profiles that --profile asks for and the run has not yet, once
// it has come to its end, and returns all that it has.
func (o *runOptions) profiles(ctx context.Context, r *host.Runner, c compare.Comparison) ([]matrix.Profile, error) {
	run := r.Store.Header()
	had, err := r.Store.Profiles()
	if o.profile == "" || run.Interrupted || err != nil {
		return had, err
	}
	cells := toProfile(c, o.profile == profileAll)
	cells = slices.DeleteFunc(cells, func(c matrix.Cell) bool {
		return slices.ContainsFunc(had, func(p matrix.Profile) bool { return p.There() && p.Cell == c.ID() })
	})
	if len(cells) == 0 {
		return had, nil
	}
	_, err = r.Profile(ctx, cells)
	all, kept := r.Store.Profiles()
	return all, errors.Join(err, kept)
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
			for _, k := range cell.Deltas {
				if k.Verdict == compare.Worse || k.Verdict == compare.Better {
					add(k.Against, row)
					add(c.Columns[i].Name, row)
				}
			}
		}
	}
	return cells
}
