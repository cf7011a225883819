package main

import (
	"testing"
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
		if name == "the flag says" && s.Machines[0].Boots != 5 {
			t.Errorf("the flag changed what was read: %d", s.Machines[0].Boots)
		}
	}
}
