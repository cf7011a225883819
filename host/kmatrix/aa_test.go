package main

import (
	"strings"
	"testing"
)

func TestAAHasTwoColumnsOfOneKernel(t *testing.T) {
	file := write(t, one+"  - {name: \"y\", source: {image: no-such-bzImage}}\nmachines: [{name: m, probes: [cost]}, {name: n, probes: [stability/tee]}]\n")
	for kernels, want := range map[string]string{"": "x x-again", "y": "y y-again"} {
		o := runOptions{file: file, aa: true}
		if kernels != "" {
			o.kernels = []string{kernels}
		}
		_, plan, err := o.plan()
		if err != nil {
			t.Fatal(err)
		}
		before := len(plan.Cells())
		if err := o.twice(plan); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, k := range plan.Kernels {
			names = append(names, k.Name)
		}
		ids := map[string]bool{}
		for _, c := range plan.Cells() {
			ids[c.ID()] = true
		}
		if got := strings.Join(names, " "); got != want || len(ids) != 2*before {
			t.Errorf("-k %q: the columns are %s, with %d cells of %d", kernels, got, len(ids), before)
		}
	}
}
