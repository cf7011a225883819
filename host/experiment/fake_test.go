package experiment

import (
	"context"

	"kmatrix/host"
	"kmatrix/matrix"
)

// fake is a run in memory, and answers its cells itself.
type fake struct {
	run      matrix.Run
	results  []matrix.Result
	profiles []matrix.Profile
	// answer makes the result of a cell in a boot, which is counted from 1.
	answer func(c matrix.Cell, boot int) matrix.Result
	// asked are the ranges that were asked for.
	asked []host.BootRange
	// fails is the error of a range by its place among those, and errs that of an update.
	fails map[int]error
	errs  error
}

// Run answers the cells, those of a range that fails as far as they are of its first boot.
func (f *fake) Run(_ context.Context, cells []matrix.Cell, boots host.BootRange) error {
	err := f.fails[len(f.asked)]
	f.asked = append(f.asked, boots)
	for _, c := range cells {
		for boot := boots.After[c.Machine] + 1; boot <= boots.UpTo[c.Machine]; boot++ {
			if err != nil && boot > boots.After[c.Machine]+1 {
				break
			}
			if boots.Profile {
				f.profiles = append(f.profiles, matrix.Profile{Kernel: c.Kernel, Machine: c.Machine, Probe: c.Probe, Cell: c.ID(), Boot: boot, ProfileCounts: matrix.ProfileCounts{Samples: 1, Passes: 1}})
				continue
			}
			res := f.answer(c, boot)
			res.Kernel, res.Machine, res.Probe, res.Cell, res.Boot = c.Kernel, c.Machine, c.Probe, c.ID(), boot
			f.results = append(f.results, res)
		}
	}
	return err
}

// Header returns the run.
func (f *fake) Header() matrix.Run { return f.run }

// Update changes the run.
func (f *fake) Update(change func(*matrix.Run)) error {
	if f.errs == nil {
		change(&f.run)
	}
	return f.errs
}

// Results returns what was answered.
func (f *fake) Results() []matrix.Result { return f.results }

// Profiles returns what was profiled.
func (f *fake) Profiles() ([]matrix.Profile, error) { return f.profiles, nil }

// cells are all of the run's.
func (f *fake) cells() (list []matrix.Cell) {
	for _, k := range f.run.Kernels {
		for _, p := range f.run.Probes {
			list = append(list, matrix.Cell{Kernel: k.Name, Machine: "m", Probe: p})
		}
	}
	return list
}

func passed(f matrix.Finding) matrix.Result {
	return matrix.Result{Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: f}}
}
