package experiment

import (
	"context"
	"errors"
	"slices"

	"kmatrix/host"
	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// Measured is a run as far as [Profile] reads it.
type Measured interface {
	// Header returns what the run says of itself, and Results and Profiles what there
	// is of it.
	Header() matrix.Run
	Results() []matrix.Result
	Profiles() ([]matrix.Profile, error)
}

// Profile has those cells that have no profile yet asked for one, in one more boot behind
// all others, and returns all profiles of the run.
func Profile(ctx context.Context, r Runner, run Measured, cells []matrix.Cell) ([]matrix.Profile, error) {
	had, err := run.Profiles()
	if err != nil {
		return nil, err
	}
	left := slices.DeleteFunc(slices.Clone(cells), func(c matrix.Cell) bool {
		return slices.ContainsFunc(had, func(p matrix.Profile) bool { return p.There() && p.Cell == c.ID() })
	})
	if len(left) == 0 {
		return had, nil
	}
	boots := host.BootRange{After: bootsOf(run.Header()), UpTo: map[string]int{}, Profile: true}
	for _, res := range run.Results() {
		boots.After[res.Machine] = max(boots.After[res.Machine], res.Boot)
	}
	for machine, last := range boots.After {
		boots.UpTo[machine] = last + 1
	}
	err = r.Run(ctx, left, boots)
	all, kept := run.Profiles()
	return all, errors.Join(err, kept)
}

// Costs lists the cells of costs that are worth a profile, in the rows' order: both sides
// of each that differs, or all that were measured.
func Costs(c compare.Comparison, all bool) []matrix.Cell {
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
				if k.Differs() {
					add(k.Against, row)
					add(c.Columns[i].Name, row)
				}
			}
		}
	}
	return cells
}
