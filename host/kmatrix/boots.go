package main

import (
	"slices"
	"strconv"

	"kmatrix/host/experiment"
	"kmatrix/host/kvm"
	"kmatrix/matrix"
	"kmatrix/matrix/spec"
)

// parseBoots reads --boots, as kernels.yaml has it; 0 where it is not given.
func parseBoots(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	if text == spec.AutoBoots {
		return matrix.BootsAuto, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > spec.MaxBoots {
		return 0, wrong("--boots %s: want a number from 1 to %d, or %s", text, spec.MaxBoots, spec.AutoBoots)
	}
	return n, nil
}

// setBoots gives the plan's machines their boots: the number that was asked for,
// else what kernels.yaml says, else what the clock needs.
func setBoots(plan *spec.Plan, asked int, kvm bool) {
	plan.Machines = slices.Clone(plan.Machines)
	for i := range plan.Machines {
		m := &plan.Machines[i]
		if asked != 0 {
			m.Boots = asked
		}
		costs := plan.Measures(m.Name, matrix.Performance)
		switch m.Boots {
		case 0:
			m.Boots = experiment.DefaultBoots(*m, costs, kvm)
		case matrix.BootsAuto:
			m.Boots = 1
			if m.Analyses = experiment.SequentialBoots(*m, costs, kvm); len(m.Analyses) > 0 {
				m.Boots = m.Analyses[0]
			}
		}
	}
}

// repeat sets the plan's boots.
func (o *runOptions) repeat(plan *spec.Plan, cache, qemu string) error {
	asked, err := parseBoots(o.boots)
	if err != nil {
		return err
	}
	known, err := kvm.Known(cache, qemu)
	if err != nil {
		return err
	}
	setBoots(plan, asked, known)
	return nil
}
