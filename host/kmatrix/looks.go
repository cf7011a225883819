package main

import (
	"context"
	"slices"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// looks has cells answered in more and more boots, as long as their verdict is
// inconclusive and their machine has looks left.
type looks struct {
	// header returns what the run says of itself, and update changes it.
	header func() matrix.Run
	update func(func(*matrix.Run)) error
	// ask answers cells in the boots behind the first so many up to the other number,
	// by the names of machines, and returns all results that there are.
	ask func(ctx context.Context, cells []matrix.Cell, behind, upTo map[string]int) ([]matrix.Result, error)
	// more hears how many boots more there will be of cells; it may be nil.
	more func(cells []matrix.Cell, behind, upTo map[string]int)
}

// run answers the cells. Where no machine has looks it asks once.
func (l looks) run(ctx context.Context, cells []matrix.Cell) ([]matrix.Result, error) {
	upTo := map[string]int{}
	for _, m := range l.header().Machines {
		upTo[m.Name] = m.Boots
	}
	results, err := l.ask(ctx, cells, nil, upTo)
	for err == nil {
		before := l.header()
		open, next := compare.Undecided(before, results)
		if len(open) == 0 {
			return results, nil
		}
		behind := map[string]int{}
		for _, m := range before.Machines {
			behind[m.Name] = m.Boots
		}
		if l.more != nil {
			l.more(open, behind, next)
		}
		// The header tells of the boots before they are: a run that is killed in
		// between has had a part of them.
		if err := l.update(func(run *matrix.Run) {
			run.Machines = slices.Clone(run.Machines) // others read it as it was
			for i := range run.Machines {
				if n := next[run.Machines[i].Name]; n > 0 {
					run.Machines[i].Boots = n
				}
			}
		}); err != nil {
			return results, err
		}
		results, err = l.ask(ctx, open, behind, next)
	}
	return results, err
}
