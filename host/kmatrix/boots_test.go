package main

import (
	"slices"
	"testing"

	"kmatrix/matrix"
)

// TestBoots plans boots: the flag goes before the file, and the file before what
// the clock needs.
func TestBoots(t *testing.T) {
	silent := one + "machines: [{name: m, probes: [stability/..., cost]}]\n"
	for name, test := range map[string]struct {
		file  string
		o     runOptions
		asked int
		kvm   bool
		want  int
	}{
		"costs without KVM":    {silent, runOptions{}, 0, false, 3},
		"costs under KVM":      {silent, runOptions{}, 0, true, 8},
		"no costs":             {silent, runOptions{patterns: []string{"stability"}}, 0, true, 1},
		"the file says":        {silent + "run: {boots: 5}\n", runOptions{}, 0, true, 5},
		"the flag says":        {silent + "run: {boots: 5}\n", runOptions{}, 2, true, 2},
		"auto, without KVM":    {silent, runOptions{}, matrix.BootsAuto, false, 3},
		"auto, under KVM":      {silent, runOptions{}, matrix.BootsAuto, true, 8},
		"auto, no costs":       {silent, runOptions{patterns: []string{"stability"}}, matrix.BootsAuto, true, 3},
		"the file says auto":   {silent + "run: {boots: auto}\n", runOptions{}, 0, true, 8},
		"auto for emulated":    {one + "machines: [{name: m, probes: [cost], cpus: 2, boots: auto}]\n", runOptions{}, 0, false, 1},
		"the machine says two": {one + "machines: [{name: m, probes: [cost], boots: 2}]\n", runOptions{}, 0, true, 2},
	} {
		test.o.file = write(t, test.file)
		s, plan, err := test.o.plan()
		if err != nil {
			t.Fatal(err)
		}
		setBoots(plan, test.asked, test.kvm)
		if got := plan.Machines[0].Boots; got != test.want || plan.Total() != test.want*len(plan.Cells()) {
			t.Errorf("%s: %d boots, %d results of %d cells", name, got, plan.Total(), len(plan.Cells()))
		}
		if analyses := plan.Machines[0].Analyses; test.asked == matrix.BootsAuto && (len(analyses) < 2 || analyses[0] != test.want || !slices.IsSorted(analyses)) {
			t.Errorf("%s: analyses at %v boots", name, analyses)
		}
		if name == "the flag says" && s.Machines[0].Boots != 5 {
			t.Errorf("the flag changed what was read: %d", s.Machines[0].Boots)
		}
	}
}
