package experiment

import (
	"context"
	"slices"

	"kmatrix/host"
	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// Stored is a run as far as [Sequential] reads and changes it.
type Stored interface {
	// Header returns what the run says of itself, and Update changes it.
	Header() matrix.Run
	Update(change func(*matrix.Run)) error
	// Results returns all results that there are.
	Results() []matrix.Result
}

// Sequential has the cells answered in the boots that their machines have, and then, as
// long as their verdict is inconclusive, in more and more, after each of which there is
// another analysis (matrix.Machine, Analyses). It returns the comparison of all that was answered,
// also where an error ended it. more, which may be nil, hears of each further range before
// it is asked.
func Sequential(ctx context.Context, r Runner, run Stored, cells []matrix.Cell, more func(open []matrix.Cell, boots host.BootRange)) (compare.Comparison, error) {
	boots := host.BootRange{UpTo: bootsOf(run.Header())}
	for {
		err := r.Run(ctx, cells, boots)
		header := run.Header()
		c := compare.Compare(header, run.Results())
		open, next := c.Undecided(header.Machines)
		if err != nil || len(open) == 0 {
			return c, err
		}
		cells, boots = open, host.BootRange{After: bootsOf(header), UpTo: next}
		if more != nil {
			more(cells, boots)
		}
		// The header tells of the boots before they are: a run that is killed in
		// between has had a part of them.
		if err := run.Update(func(run *matrix.Run) {
			run.Machines = slices.Clone(run.Machines) // others read it as it was
			for i := range run.Machines {
				if n := next[run.Machines[i].Name]; n > 0 {
					run.Machines[i].Boots = n
				}
			}
		}); err != nil {
			return c, err
		}
	}
}

// bootsOf returns how many boots each machine of the run has.
func bootsOf(run matrix.Run) map[string]int {
	boots := map[string]int{}
	for _, m := range run.Machines {
		boots[m.Name] = m.Boots
	}
	return boots
}
