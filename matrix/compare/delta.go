package compare

import (
	"slices"

	"kmatrix/matrix"
)

// Delta is a cell's cost beside the cost of the same probe in another column.
// The boot is the unit of analysis: a sample is the median of one boot, and how
// its passes differ says nothing of how boots do.
type Delta struct {
	// Against is the other column's name: the baseline's or, with Base, that of
	// the kernel's base.
	Against string  `json:"against"`
	Base    bool    `json:"base,omitempty"`
	Verdict Verdict `json:"verdict"`
	// Limit says why there is no verdict, or none that is conclusive.
	Limit Limitation `json:"limit,omitzero"`
	// Ratio is the cell's cost over the other's; Low and High are its interval,
	// both 0 where there is none. By wall clock it is the 95 % interval of the
	// shift that the rank test takes; counted, it reaches from the smallest to the
	// largest ratio of two boots (from six boots on of the medians' 95 %
	// intervals), widened by the tolerance.
	Ratio float64 `json:"ratio,omitempty"`
	Low   float64 `json:"low,omitempty"`
	High  float64 `json:"high,omitempty"`
	// P is the probability of a difference like this one between equal kernels,
	// and PSame that of such a likeness between kernels that differ by the margin;
	// both hold Holm's correction, and that for Looks. They are nil where instructions were counted:
	// that comparison is exact up to the tolerance.
	P     *float64 `json:"p,omitempty"`
	PSame *float64 `json:"p_same,omitempty"`
	Bounds
	// Boots and OtherBoots are how many boots each side has.
	Boots      int `json:"boots"`
	OtherBoots int `json:"other_boots"`
	// Looks is how often a verdict was to be looked for at most, where boots were added
	// until there was one: each look has a part of [Alpha] (Bonferroni). 0 where the
	// number of boots was fixed.
	Looks int `json:"looks,omitempty"`
	// Need is about how many boots a side it would take for a verdict; 0 where it
	// has one, or where none would do.
	Need int `json:"need,omitempty"`
	// Value and Other are the medians, in Unit.
	Value float64 `json:"value"`
	Other float64 `json:"other"`
	Unit  string  `json:"unit"`
	// Counters are those that differ by at least one in a pass, and by a tenth.
	Counters []Counter `json:"counters,omitempty"`
	// Where is which functions account for the difference, where that was asked.
	Where *Where `json:"where,omitempty"`

	better       matrix.Better
	clock        matrix.Clock
	side, beside []float64
}

// Alpha is the error rate of a comparison: of all its probes together, and of all the
// looks at it.
const Alpha = 0.05

// deltas puts the costs of a column beside those of another, over all rows.
// Holm's correction is over the probes of this one comparison.
func (c *Comparison) deltas(column, other int, base bool) {
	var all []*Delta
	for r := range c.Rows {
		row := &c.Rows[r]
		cell, beside := &row.Cells[column], row.Cells[other]
		if cell.Sample() == nil || beside.Sample() == nil {
			continue
		}
		k := delta(row.Probe, *cell, beside)
		k.Against, k.Base = c.Columns[other].Name, base
		k.Looks = max(c.looks(column, row.Machine), c.looks(other, row.Machine))
		if k.Limit.Code == Unlimited {
			k.Limit = c.limitation(column, other, row.Machine, k.clock)
		}
		cell.Deltas = append(cell.Deltas, k)
		if k.Limit.Code == Unlimited {
			all = append(all, k)
		}
	}
	var ranked []*Delta
	for _, k := range all {
		if k.clock == matrix.ClockIcount {
			k.count()
		} else {
			ranked = append(ranked, k)
		}
	}
	rank(ranked)
	for _, k := range all {
		k.decide()
		if k.Verdict == Inconclusive && k.Limit.Code == Unlimited {
			k.Need, k.Limit.Code = k.need(len(ranked))
		}
	}
}

// leastCost and mostCost bound what is taken for a cost, in any unit.
const leastCost, mostCost = 1e-12, 1e15

// delta begins the comparison of two cells; Limit says where it ends already.
func delta(probe string, cell, other Cell) *Delta {
	a, b := cell.Sample(), other.Sample()
	k := &Delta{
		Verdict: NoVerdict, Bounds: boundsOf(probe, a.Clock, cell, other), Boots: len(cell.values()), OtherBoots: len(other.values()),
		Value: a.Value, Other: b.Value, Unit: a.Unit, better: a.Better, clock: a.Clock,
		side: cell.values(), beside: other.values(), Counters: counters(a, b),
	}
	// What a guest says need be no cost at all.
	positive := func(v float64) bool { return v > leastCost && v < mostCost }
	switch {
	case a.Unit != b.Unit || a.Clock != b.Clock:
		k.Limit = Limitation{Code: OtherUnit, Here: Side{Unit: a.Unit, Clock: a.Clock}, There: Side{Unit: b.Unit, Clock: b.Clock}}
	case !cell.samples(func(s *matrix.Sample) bool { return s.Clock == a.Clock && s.Unit == a.Unit && positive(s.Value) }),
		!other.samples(func(s *matrix.Sample) bool { return s.Clock == a.Clock && s.Unit == a.Unit && positive(s.Value) }):
		k.Limit.Code = Mixed
	case !cell.samples(func(s *matrix.Sample) bool { return !s.Indicative }), !other.samples(func(s *matrix.Sample) bool { return !s.Indicative }):
		k.Limit.Code = Indicative
	default:
		k.Ratio = a.Value / b.Value
	}
	return k
}

// decide makes a verdict of the interval and the tests. A difference that is shown
// is told, however small; what is called the same has been shown to be within the
// margin.
func (k *Delta) decide() {
	differs, same := false, false
	if k.clock == matrix.ClockIcount {
		differs = k.Low > 1 || k.High < 1
		same = k.High <= 1+k.Margin && k.Low >= 1/(1+k.Margin)
	} else if k.P != nil {
		differs, same = *k.P < Alpha, *k.PSame < Alpha
	}
	switch {
	case differs && (k.Ratio > 1) == (k.better != matrix.Higher):
		k.Verdict = Worse
	case differs:
		k.Verdict = Better
	case same:
		k.Verdict = Same
	default:
		k.Verdict = Inconclusive
	}
}

// measured reports whether a boot has a sample that counts.
func measured(r matrix.Result) bool { return r.Sample != nil && r.Outcome == matrix.Pass }

// values returns the values of a cell's boots, sorted.
func (c Cell) values() []float64 {
	var list []float64
	for _, r := range c.Results {
		if measured(r) {
			list = append(list, r.Sample.Value)
		}
	}
	slices.Sort(list)
	return list
}

// samples reports whether all of a cell's samples are so.
func (c Cell) samples(so func(*matrix.Sample) bool) bool {
	return !slices.ContainsFunc(c.Results, func(r matrix.Result) bool { return measured(r) && !so(r.Sample) })
}
