package cost

import (
	"kmatrix/matrix"
	"kmatrix/matrix/stats"
)

// Delta is a cell's cost beside the cost of the same probe in another column.
// The boot is the unit of analysis: a sample is the median of one boot, and how
// its passes differ says nothing of how boots do.
type Delta struct {
	// Against is the other column's name: the baseline's or, with Base, that of
	// the kernel's base.
	Against string         `json:"against"`
	Base    bool           `json:"base,omitempty"`
	Verdict matrix.Verdict `json:"verdict"`
	// Limit says why there is no verdict, or none that is conclusive.
	Limit Limitation `json:"limit,omitzero"`
	// Ratio is the cell's cost over the other's; Low and High are its interval,
	// both 0 where there is none. By wall clock it is the 95 % interval of the
	// shift that the rank test takes; counted, it reaches from the smallest to the
	// largest ratio of two boots (from six boots on of the medians' 95 %
	// intervals), widened by the tolerance. It says how well the measurement repeats, and
	// not how well instructions stand for the time on a real CPU.
	Ratio float64 `json:"ratio,omitempty"`
	Low   float64 `json:"low,omitempty"`
	High  float64 `json:"high,omitempty"`
	// P is the probability of a difference like this one between equal kernels,
	// and PSame that of such a likeness between kernels that differ by the margin;
	// both hold Holm's correction, and that for Analyses. They are nil where instructions
	// were counted: that comparison is exact up to the tolerance.
	P     *float64 `json:"p,omitempty"`
	PSame *float64 `json:"p_same,omitempty"`
	Bounds
	// Boots and OtherBoots are how many boots each side has.
	Boots      int `json:"boots"`
	OtherBoots int `json:"other_boots"`
	// Analyses is how many analyses there were to be at most, where boots were added until
	// one had a verdict: the interim ones and the last have a part of [stats.Alpha] each
	// (Bonferroni). 0 where the number of boots was fixed.
	Analyses int `json:"looks,omitempty"`
	// Need is about how many boots a side it would take for a verdict; 0 where it
	// has one, or where none would do.
	Need int `json:"need,omitempty"`
	// Value and Other are the medians, in Unit.
	Value float64 `json:"value"`
	Other float64 `json:"other"`
	Unit  string  `json:"unit"`
	// KiBRead is what the disks read in a pass of the cell's, 0 also where its kernel does
	// not tell.
	KiBRead float64 `json:"kib_read,omitempty"`
	// Reads are what the disks read, where that differs: then Ratio is that of the CPU's
	// part alone, and Verdict that of both together.
	Reads *Reads `json:"disk_reads,omitempty"`
	// Counters are those that differ by at least one in a pass, and by a tenth.
	Counters []Counter `json:"counters,omitempty"`
	// Where is which functions account for the difference, where that was asked.
	Where *Where `json:"where,omitempty"`

	// Clock is the one that both were measured by, where it is one.
	Clock matrix.Clock `json:"-"`

	better       matrix.Better
	side, beside []float64
}

// leastCost and mostCost bound what is taken for a cost, in any unit.
const leastCost, mostCost = 1e-12, 1e15

// Beside puts the cost of a cell beside that of another, both of which have samples;
// Limit says where that ends already. [Decide] makes the verdict.
func Beside(probe string, cell, other Samples) *Delta {
	a, b := cell.Median(), other.Median()
	k := &Delta{
		Verdict: matrix.NoVerdict, Bounds: boundsOf(probe, a.Clock, cell, other), Boots: len(cell), OtherBoots: len(other),
		Value: a.Value, Other: b.Value, Unit: a.Unit, better: a.Better, Clock: a.Clock,
		side: cell.values(), beside: other.values(), Reads: readsOf(cell, other), Counters: counters(a, b),
	}
	if n := PerPass(a, CounterRead); n != nil {
		k.KiBRead = *n
	}
	// What a guest says need be no cost at all.
	positive := func(v float64) bool { return v > leastCost && v < mostCost }
	switch {
	case a.Unit != b.Unit || a.Clock != b.Clock:
		k.Limit = Limitation{Code: OtherUnit, Here: Side{Unit: a.Unit, Clock: a.Clock}, There: Side{Unit: b.Unit, Clock: b.Clock}}
	case !cell.all(func(s *matrix.Sample) bool { return s.Clock == a.Clock && s.Unit == a.Unit && positive(s.Value) }),
		!other.all(func(s *matrix.Sample) bool { return s.Clock == a.Clock && s.Unit == a.Unit && positive(s.Value) }):
		k.Limit.Code = Mixed
	case !cell.all(func(s *matrix.Sample) bool { return !s.Indicative }), !other.all(func(s *matrix.Sample) bool { return !s.Indicative }):
		k.Limit.Code = Indicative
	default:
		k.Ratio = a.Value / b.Value
	}
	return k
}

// Differs reports whether the costs have been shown to differ.
func (k *Delta) Differs() bool { return k.Verdict.CostsDiffer() }

// alpha returns the part of [stats.Alpha] that each analysis has.
func (k *Delta) alpha() float64 { return stats.Alpha / float64(max(1, k.Analyses)) }

// Detectable returns the smallest part by which the cost could change and be found to: a
// change shifts the interval, and is seen once 1 is out of it. It is 0 where there is no
// interval.
func (k *Delta) Detectable() float64 {
	if k.Low <= 0 {
		return 0
	}
	return max(k.High/k.Ratio, k.Ratio/k.Low) - 1
}
