package main

import (
	"context"
	"slices"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// sequential has cells answered in more and more boots, as long as their verdict is
// inconclusive and their machine has looks left.
type sequential struct {
	// header returns what the run says of itself, and update changes it.
	header func() matrix.Run
	update func(func(*matrix.Run)) error
	// ask answers cells in the boots behind the first so many up to the other number,
	// by the names of machines, and returns all results that there are.
	ask func(ctx context.Context, cells []matrix.Cell, behind, upTo map[string]int) ([]matrix.Result, error)
	// more hears how many boots more there will be of cells; it may be nil.
	more func(cells []matrix.Cell, behind, upTo map[string]int)
}

// run answers the cells, and returns all results with the comparison of them. Where no
// machine has looks it asks once.
func (s sequential) run(ctx context.Context, cells []matrix.Cell) ([]matrix.Result, compare.Comparison, error) {
	upTo := map[string]int{}
	for _, m := range s.header().Machines {
		upTo[m.Name] = m.Boots
	}
	results, err := s.ask(ctx, cells, nil, upTo)
	for {
		before := s.header()
		c := compare.Compare(before, results)
		open, next := c.Undecided(before.Machines)
		if err != nil || len(open) == 0 {
			return results, c, err
		}
		behind := map[string]int{}
		for _, m := range before.Machines {
			behind[m.Name] = m.Boots
		}
		if s.more != nil {
			s.more(open, behind, next)
		}
		// The header tells of the boots before they are: a run that is killed in
		// between has had a part of them.
		if err := s.update(func(run *matrix.Run) {
			run.Machines = slices.Clone(run.Machines) // others read it as it was
			for i := range run.Machines {
				if n := next[run.Machines[i].Name]; n > 0 {
					run.Machines[i].Boots = n
				}
			}
		}); err != nil {
			return results, c, err
		}
		results, err = s.ask(ctx, open, behind, next)
	}
}
