package host

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kmatrix/matrix"
)

// TestHangsOfOneCauseCostOneWait has families of probes hang: alike, one of them
// otherwise, and such of which the third ends. In some the guest is lost with each, in
// the others ("alone") only the probe's process.
func TestHangsOfOneCauseCostOneWait(t *testing.T) {
	const (
		whole = "no answer within 200ms"
		early = "no answer within 20ms, a part of its deadline: it is stuck in take as %[1]s, %[2]s and %[3]s were, which had all of theirs"
	)
	type told struct{ probe, first, second string }
	for name, probes := range map[string][]told{
		"alike": {
			{"s/gift/stuck-take/1", whole, whole}, {"s/gift/stuck-take/2", whole, whole}, {"s/gift/stuck-take/3", whole, early},
			{"s/gift/stuck-take/4", early, early}, {"s/gift/stuck-elsewhere/5", whole, whole}, {"s/gift/6/delays", "", ""}, {"s/gift/stuck-take/7", early, early},
			{"s/other/stuck-take/8", whole, whole}, {"s/gift-not/stuck-take/9", whole, whole},
		},
		"alike, in guests that go on": {
			{"s/gift/stuck-take/1/alone", whole, early}, {"s/gift/stuck-take/2/alone", whole, early}, {"s/gift/stuck-take/3/alone", whole, early},
			{"s/gift/stuck-take/4/alone", early, early}, {"s/other/5/slow", whole, whole}, {"s/other/6/slow", whole, whole}, {"s/other/7/slow", whole, whole}, {"s/other/8/slow", whole, whole},
		},
		"the third ends": {
			{"s/gift/stuck-take/1", whole, whole}, {"s/gift/stuck-take/2", whole, whole}, {"s/gift/3", "", ""}, {"s/gift/stuck-take/4", whole, whole},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var names []string
			for _, p := range probes {
				names = append(names, p.probe)
			}
			r, cells, _ := newFake(t, []string{"good"}, names)
			r.cfg.Deadlines.Probe, r.cfg.Deadlines.grace = 200*time.Millisecond, 20*time.Millisecond
			got := outcomes(t, r, cells)
			for _, p := range probes {
				res := got["good/m/"+p.probe]
				if p.first == "" {
					if res.Outcome != matrix.Pass {
						t.Errorf("%s: %s, %q", p.probe, res.Outcome, res.Detail)
					}
					continue
				}
				if res.Outcome != matrix.Hang || res.Other == nil || res.Other.Outcome != matrix.Hang {
					t.Errorf("%s is %+v", p.probe, res)
					continue
				}
				for detail, want := range map[string]string{res.Detail: p.first, res.Other.Detail: p.second} {
					if want == early {
						want = fmt.Sprintf(early, names[0], names[1], names[2])
					}
					if !strings.HasSuffix(detail, want) {
						t.Errorf("%s: %q, want …%q", p.probe, detail, want)
					}
				}
			}
		})
	}
}
