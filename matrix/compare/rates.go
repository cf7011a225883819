package compare

import (
	"math"
	"slices"

	"kmatrix/matrix/stats"
)

// Rate is how often a cell's boots showed one state.
type Rate struct {
	State State `json:"state"`
	// Count boots of N did; Low and High are the exact 95 % interval of the rate
	// (Clopper and Pearson).
	Count int     `json:"count"`
	N     int     `json:"n"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Rates lists the states of a cell's boots that were answered, the most frequent
// first; none for costs that every boot measured.
func (c Cell) Rates() []Rate {
	list := c.rated()
	if len(list) == 1 && list[0].State.Measured {
		return nil
	}
	for i := range list {
		list[i].Low, list[i].High = stats.ClopperPearson(list[i].Count, list[i].N)
	}
	return list
}

// rated returns the rates without their intervals, also of costs that every boot
// measured.
func (c Cell) rated() []Rate {
	var list []Rate
	n := 0
	for _, r := range c.Results {
		if slices.Contains(unanswered, r.Outcome) {
			continue
		}
		s := c.state(r)
		n++
		if i := slices.IndexFunc(list, func(r Rate) bool { return r.State == s }); i >= 0 {
			list[i].Count++
		} else {
			list = append(list, Rate{State: s, Count: 1})
		}
	}
	slices.SortStableFunc(list, func(a, b Rate) int { return b.Count - a.Count })
	for i := range list {
		list[i].N = n
	}
	return list
}

// SameAnswer reports whether two cells whose boots agree were answered alike: of tests
// the same ones failed. What was measured is not compared, nor whether a class is one that
// the kernel's contract allows.
func (c Cell) SameAnswer(o Cell) bool {
	return c.Agreed().behaviour() == o.Agreed().behaviour() && c.sameTests(o)
}

// Disagrees reports whether the boots that were answered show several things.
func (c Cell) Disagrees() bool { return len(c.rated()) > 1 }

// Agreed returns the state that all boots show that were answered, of those that
// disagree the most frequent one.
func (c Cell) Agreed() State {
	if r := c.rated(); len(r) > 0 {
		return r[0].State
	}
	return State{}
}

// rates compares two cells that were answered and of which one's boots at least
// disagree: each state's rates by Fisher's test, with Holm's correction over the
// states. It returns the least probability.
func rates(c, other Cell) float64 {
	a, b := c.rated(), other.rated()
	if len(a) == 0 || len(b) == 0 {
		return 1 // they have not been asked
	}
	var states []State
	for _, r := range slices.Concat(a, b) {
		if !slices.Contains(states, r.State) {
			states = append(states, r.State)
		}
	}
	count := func(list []Rate, s State) int { return round(share(list, s) * float64(list[0].N)) }
	var p []float64
	for _, s := range states {
		p = append(p, stats.Fisher(count(a, s), a[0].N, count(b, s), b[0].N))
	}
	if len(states) == 2 {
		p = p[:1] // the other's rates are the same ones
	}
	return slices.Min(stats.Holm(p))
}

// rateNeed returns about how many boots a side would show by Fisher's test that the
// rates of two cells differ as they did; 0 when more than [stats.MostNeeded], or when
// they did not.
func rateNeed(c, other Cell, cells int) int {
	a, b := c.rated(), other.rated()
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	least := 0
	for _, r := range slices.Concat(a, b) {
		p, q := share(a, r.State), share(b, r.State)
		for n := max(a[0].N, b[0].N) + 1; p != q && n <= stats.MostNeeded && (least == 0 || n < least); n++ {
			if stats.Fisher(round(p*float64(n)), n, round(q*float64(n)), n)*float64(cells) < stats.Alpha {
				least = n
			}
		}
	}
	return least
}

func round(f float64) int { return int(math.Round(f)) }

// share returns the part of the boots that showed a state.
func share(list []Rate, state State) float64 {
	if i := slices.IndexFunc(list, func(r Rate) bool { return r.State == state }); i >= 0 {
		return float64(list[i].Count) / float64(list[i].N)
	}
	return 0
}
