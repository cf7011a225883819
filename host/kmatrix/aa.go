package main

import (
	"kmatrix/host/experiment"
	"kmatrix/matrix/spec"
)

// twice makes the plan one of an A/A run: one kernel as two columns.
func (o *runOptions) twice(plan *spec.Plan) error {
	if !o.aa {
		return nil
	}
	if len(plan.Kernels) != 1 {
		return wrong("--aa runs one kernel as two columns: choose it with -k, as in -k %s", plan.Baseline)
	}
	plan.Repeat(plan.Kernels[0].Name + experiment.SecondColumn)
	return nil
}
