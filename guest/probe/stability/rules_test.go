package stability

import (
	"slices"
	"testing"

	"kmatrix/guest/probe/source"
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

// TestWhoeverCopiesIsAskedAfterEveryMutation: a claim on every mutation rests on all.
func TestWhoeverCopiesIsAskedAfterEveryMutation(t *testing.T) {
	for _, name := range []string{"read-write", "mmap-write", "mmap-write-pipe", "mmap-write-tee", "read-vmsplice", "copy-file-range"} {
		i := slices.IndexFunc(calls, func(c call) bool { return c.name == name })
		if i < 0 {
			t.Errorf("there is no call %s", name)
			continue
		}
		for _, m := range mutations {
			if !slices.ContainsFunc(places, func(p place) bool {
				return slices.ContainsFunc(p.states, func(s source.State) bool { return question{calls[i], m, p, s}.asked() })
			}) {
				t.Errorf("%s is never asked after %s", name, m.name)
			}
		}
	}
}

func TestKnownLargeFolios(t *testing.T) {
	for release, want := range map[string]bool{"5.17.0": false, "5.18.0-1-cloud-amd64": true, "6.1.0": true, "10.0": true, "": false, "odd": false} {
		if got := parse(release).atLeast(xfsLarge); got != want {
			t.Errorf("%q is at least %s: %v", release, xfsLarge, got)
		}
	}
	if (place{fs: "tmpfs"}).largeFolios() {
		t.Error("a file system of which nothing is known has large folios")
	}
}
