package hangs

import (
	"slices"
	"testing"
	"time"
)

// TestAFamilyIsKnownByThreeThatHangAlike tells of probes in every order that matters.
func TestAFamilyIsKnownByThreeThatHangAlike(t *testing.T) {
	lock, other, none := Stack{"a b", "a"}, Stack{"c b", "c"}, Stack{}
	type told struct {
		probe string
		stack *Stack // nil for one that ended otherwise
	}
	for name, test := range map[string]struct {
		told []told
		want []string // nil where nothing is known
	}{
		"three alike":                     {[]told{{"s/x/1", &lock}, {"s/x/2", &lock}, {"s/x/3", &lock}}, []string{"s/x/1", "s/x/2", "s/x/3"}},
		"two alike":                       {[]told{{"s/x/1", &lock}, {"s/x/2", &lock}}, nil},
		"the same one again":              {[]told{{"s/x/1", &lock}, {"s/x/1", &lock}, {"s/x/1", &lock}}, nil},
		"the second one again":            {[]told{{"s/x/1", &lock}, {"s/x/2", &lock}, {"s/x/2", &lock}, {"s/x/1", nil}}, nil},
		"again, and then the third":       {[]told{{"s/x/1", &lock}, {"s/x/2", &lock}, {"s/x/1", &other}, {"s/x/3", &lock}}, []string{"s/x/1", "s/x/2", "s/x/3"}},
		"the third ends":                  {[]told{{"s/x/1", &lock}, {"s/x/2", &lock}, {"s/x/3", nil}, {"s/x/4", &lock}, {"s/x/5", &lock}}, nil},
		"the third hangs otherwise":       {[]told{{"s/x/1", &lock}, {"s/x/2", &lock}, {"s/x/3", &other}, {"s/x/4", &lock}}, nil},
		"the third hangs nobody knows in": {[]told{{"s/x/1", &lock}, {"s/x/2", &lock}, {"s/x/3", &none}, {"s/x/4", &lock}}, nil},
		"what is not known is not alike":  {[]told{{"s/x/1", &none}, {"s/x/2", &none}, {"s/x/3", &none}, {"s/x/4", &none}}, nil},
		"others came before":              {[]told{{"s/x/0", nil}, {"s/x/1", &other}, {"s/x/2", &lock}, {"s/x/3", &lock}, {"s/x/4", &lock}}, []string{"s/x/2", "s/x/3", "s/x/4"}},
		"later ones change nothing":       {[]told{{"s/x/1", &lock}, {"s/x/2", &lock}, {"s/x/3", &lock}, {"s/x/4", nil}, {"s/x/5", &other}}, []string{"s/x/1", "s/x/2", "s/x/3"}},
		"another family":                  {[]told{{"s/x/1", &lock}, {"s/x-y/2", &lock}, {"s/x/3", &lock}, {"t/x/4", &lock}}, nil},
	} {
		var f Families
		for _, one := range test.told {
			if one.stack == nil {
				f.Ended("k m", one.probe)
			} else {
				f.Hung("k m", one.probe, *one.stack)
			}
		}
		got, ok := f.Known("k m", "s/x/9")
		if ok != (test.want != nil) || !slices.Equal(got.Probes, test.want) || ok && got.Stack != lock {
			t.Errorf("%s: known are %+v, %v; want %v", name, got, ok, test.want)
		}
		if _, ok := f.Known("another m", "s/x/9"); ok {
			t.Errorf("%s: it is known of another kernel", name)
		}
	}
}

func TestABudgetIsNoPartOfTheWaiting(t *testing.T) {
	for _, test := range []struct{ limit, budget, want time.Duration }{
		{30 * time.Second, 0, 3 * time.Second},
		{33 * time.Second, 3 * time.Second, 6 * time.Second},
	} {
		if got := Early(test.limit, test.budget); got != test.want {
			t.Errorf("Early(%s, %s) = %s, want %s", test.limit, test.budget, got, test.want)
		}
	}
}
