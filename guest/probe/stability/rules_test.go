package stability

import (
	"slices"
	"testing"
)

// TestEveryRuleIsNeeded looks for a question that each rule alone leaves out: a
// rule without one only seems to say something.
func TestEveryRuleIsNeeded(t *testing.T) {
	alone := make([]int, len(rules))
	total, asked := 0, 0
	for _, c := range calls {
		for _, m := range mutations {
			for _, pl := range places {
				for _, s := range pl.states {
					total++
					q := question{c, m, pl, s}
					if q.asked() {
						asked++
						continue
					}
					hits := 0
					last := slices.IndexFunc(rules, func(r rule) bool { return r.out(q) })
					for _, r := range rules {
						if r.out(q) {
							hits++
						}
					}
					if hits == 1 {
						alone[last]++
					}
				}
			}
		}
	}
	for i, n := range alone {
		if n == 0 {
			t.Errorf("no question is left out only because %s", rules[i].why)
		}
	}
	t.Logf("%d of %d questions are asked", asked, total)
	if asked < 200 || asked == total {
		t.Errorf("%d of %d questions are asked", asked, total)
	}
}
