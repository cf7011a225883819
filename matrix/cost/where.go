package cost

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"kmatrix/matrix"
)

// Where says which functions of the kernel account for the difference of two
// costs. A function's part of a cost is its share of the samples, times the cost
// that was measured elsewhere; the parts of both sides, set against each other, add
// up to the whole difference: Functions + Smaller + User + Unlocated.
type Where struct {
	// Missing is the profile without which nothing is known of it; nil where something
	// is.
	Missing *Unprofiled `json:"-"`
	// Samples and OtherSamples are how many each side's shares were made of.
	Samples      int64 `json:"samples,omitempty"`
	OtherSamples int64 `json:"other_samples,omitempty"`
	// Functions are those whose difference exceeds its uncertainty, the largest
	// first; Smaller is the sum of the others', of which there are SmallerCount.
	Functions    []Function `json:"functions,omitempty"`
	Smaller      float64    `json:"smaller"`
	SmallerCount int        `json:"smaller_count"`
	// User is what user space accounts for, and Unlocated what fell where no symbol
	// is, or to functions that were not named.
	User      float64 `json:"user"`
	Unlocated float64 `json:"unlocated"`
	// Copying is what copying bytes accounts for, nil where neither side was seen to copy.
	// Its functions are among the others as well.
	Copying *Copying `json:"copying,omitempty"`
}

// Function is one function's part of two costs.
type Function struct {
	Name   string `json:"name"`
	Module string `json:"module,omitempty"`
	// Value and Other are its parts of the costs, in their unit, and Delta the one
	// less the other; it is Share of the costs' whole difference, where these differ.
	Value float64 `json:"value"`
	Other float64 `json:"other"`
	Delta float64 `json:"delta"`
	Share float64 `json:"share,omitempty"`
	// Uncertainty is four standard deviations of Delta: of samples that are each a
	// draw of their own, or, where these deviate more, of the passes.
	Uncertainty float64 `json:"uncertainty"`
}

// deviations is how many standard deviations a function's difference must exceed
// to be named: of hundreds of functions chance names none then, in 98 of 100 costs.
const deviations = 4

// Locate says where the difference is, by the profiles of the two cells: it sets the
// parts of the costs against each other.
func (k *Delta) Locate(here, there matrix.Profile) {
	for _, p := range []matrix.Profile{here, there} {
		if !p.There() {
			k.Where = &Where{Missing: &Unprofiled{Kernel: p.Kernel, Why: p.Missing, Probes: []string{p.Probe}}}
			return
		}
	}
	k.Where = k.locate(here, there)
}

func (k *Delta) locate(here, there matrix.Profile) *Where {
	value, other := k.Value, k.Other
	w := &Where{Samples: here.Samples, OtherSamples: there.Samples}
	part := func(n int64, of matrix.Profile, cost float64) float64 { return cost * float64(n) / float64(of.Samples) }
	type name struct{ module, function string }
	counts := map[name][2]matrix.FunctionSamples{}
	for side, p := range []matrix.Profile{here, there} {
		for _, f := range p.Functions {
			n := counts[name{f.Module, f.Name}]
			n[side].Samples, n[side].Squares = f.Samples, f.Squares
			counts[name{f.Module, f.Name}] = n
		}
	}
	// In one order, so that sums are the same each time.
	for _, at := range slices.SortedFunc(maps.Keys(counts), func(a, b name) int {
		return cmp.Or(cmp.Compare(a.function, b.function), cmp.Compare(a.module, b.module))
	}) {
		n := counts[at]
		f := Function{Name: at.function, Module: at.module, Value: part(n[0].Samples, here, value), Other: part(n[1].Samples, there, other)}
		f.Delta = f.Value - f.Other
		if k.Differs() && value != other {
			f.Share = f.Delta / (value - other)
		}
		f.Uncertainty = deviations * math.Sqrt(value*value*variance(n[0], here)+other*other*variance(n[1], there))
		if math.Abs(f.Delta) > f.Uncertainty {
			w.Functions = append(w.Functions, f)
		} else {
			w.Smaller += f.Delta
			w.SmallerCount++
		}
	}
	slices.SortFunc(w.Functions, func(a, b Function) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Delta), math.Abs(a.Delta)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Module, b.Module))
	})
	w.User = part(here.User, here, value) - part(there.User, there, other)
	w.Unlocated = part(here.Unlocated+here.Rest, here, value) - part(there.Unlocated+there.Rest, there, other)
	w.Copying = copying(here, there, value, other)
	return w
}

// variance returns the variance of a function's share of a profile: the binomial one or, where it
// is larger, that of the passes. Of a function that no sample hit it is not known
// that it has none.
func variance(f matrix.FunctionSamples, of matrix.Profile) float64 {
	all, n, passes := float64(of.Samples), float64(f.Samples), float64(of.Passes)
	p := (n + 1) / (all + 2)
	v := p * (1 - p) / all
	if passes > 1 {
		v = max(v, passes/(passes-1)*(float64(f.Squares)-n*n/passes)/(all*all))
	}
	return v
}

// Unprofiled is why there should be profiles of a kernel and are none.
type Unprofiled struct {
	Kernel string
	Why    string
	// Probes are those that it is the reason for.
	Probes []string
}

// MissingProfiles lists of which kernels there should be a profile and is none, each reason
// once.
func MissingProfiles(profiles []matrix.Profile) []Unprofiled {
	var list []Unprofiled
	for _, p := range profiles {
		if p.There() {
			continue
		}
		i := slices.IndexFunc(list, func(u Unprofiled) bool { return u.Kernel == p.Kernel && u.Why == p.Missing })
		if i < 0 {
			list, i = append(list, Unprofiled{Kernel: p.Kernel, Why: p.Missing}), len(list)
		}
		list[i].Probes = append(list[i].Probes, p.Probe)
	}
	return list
}
