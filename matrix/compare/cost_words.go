package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// mostDearer is how many cells of a comparison are told one by one.
const mostDearer = 6

// mostCounters is how many counters explain one of them.
const mostCounters = 3

// mostFunctions is how many functions say where one of them is.
const mostFunctions = 5

// Costs says in sentences how the columns' costs stand to their bases' and to the
// baseline's.
func (c Comparison) Costs() []string {
	var list []string
	for i := range c.Columns {
		for _, against := range c.references(i) {
			list = append(list, c.costs(i, against)...)
		}
	}
	return list
}

// reference is what a column's costs are compared with.
type reference struct {
	name string
	base bool
}

func (r reference) String() string {
	if r.base {
		return "its base, " + r.name
	}
	return "the baseline, " + r.name
}

// references are those that a column has contrasts with, in their order.
func (c Comparison) references(column int) []reference {
	var list []reference
	for _, r := range c.Rows {
		for _, k := range r.Cells[column].Contrasts {
			if ref := (reference{k.Against, k.Base}); !slices.Contains(list, ref) {
				list = append(list, ref)
			}
		}
	}
	return list
}

// labelled is a contrast with the label of its row.
type labelled struct {
	*Contrast
	label string
}

// of lists a column's contrasts with a reference.
func (c Comparison) of(column int, ref reference) []labelled {
	var list []labelled
	for _, r := range c.Rows {
		for _, k := range r.Cells[column].Contrasts {
			if k.Against == ref.name && k.Base == ref.base {
				list = append(list, labelled{k, r.label()})
			}
		}
	}
	return list
}

// costs says how one column stands to one other.
func (c Comparison) costs(column int, ref reference) []string {
	var all []string
	for _, r := range c.Rows {
		all = append(all, r.label())
	}
	var differing []labelled
	var order []string
	alike := map[string][]string{}
	group := func(text, label string) {
		if alike[text] == nil {
			order = append(order, text)
		}
		alike[text] = append(alike[text], label)
	}
	for _, k := range c.of(column, ref) {
		switch {
		case k.Verdict == Worse || k.Verdict == Better:
			differing = append(differing, k)
		case k.Verdict == Same:
			group(fmt.Sprintf("the same within %.3g %%", 100*k.Margin), k.label)
		case k.Verdict == Inconclusive && k.Why == "":
			group(fmt.Sprintf("inconclusive; about %d boots would tell", k.Need), k.label)
		case k.Verdict == Inconclusive:
			group("inconclusive: "+k.Why, k.label)
		case k.Why != whyIndicative:
			group("not compared: "+k.Why, k.label)
		}
	}
	who := fmt.Sprintf("%s against %s: ", c.Columns[column].Name, ref)
	slices.SortStableFunc(differing, func(a, b labelled) int {
		return cmp.Compare(math.Abs(math.Log(b.Ratio)), math.Abs(math.Log(a.Ratio)))
	})
	other := "baseline"
	if ref.base {
		other = "base"
	}
	var list []string
	for _, k := range differing[:min(len(differing), mostDearer)] {
		list = append(list, who+k.sentence(other)+".")
	}
	if rest := differing[min(len(differing), mostDearer):]; len(rest) > 0 {
		list = append(list, fmt.Sprintf("%s%d more are better or worse, by less than %s; the table marks them.", who, len(rest), factor(rest[0].Ratio)))
	}
	for _, text := range order {
		names := Cover(alike[text], all)
		where := strings.Join(names[:min(len(names), maxNames)], ", ")
		if n := len(names) - maxNames; n > 0 {
			where += fmt.Sprintf(" and %d more", n)
		}
		list = append(list, who+where+": "+text+".")
	}
	return list
}

// sentence says how the cost of one cell differs, and what explains it.
func (k labelled) sentence(other string) string {
	s := fmt.Sprintf("%s is %s, %s (%s), %.3g to %.3g %s", k.label, k.Verdict, factor(k.Ratio), k.Interval(), k.Other, k.Value, k.Unit)
	var why []string
	for _, c := range k.Counters[:min(len(k.Counters), mostCounters)] {
		why = append(why, c.phrase(other))
	}
	if len(why) > 0 {
		s += ": in a pass " + strings.Join(why, "; ")
	}
	if k.differs() && k.Where != nil && k.Where.Missing == "" {
		s += fmt.Sprintf(". Of the %+.3g %s: %s", k.Value-k.Other, k.Unit, k.Where.Words(k.Contrast, mostFunctions))
	}
	return s
}

// Words says how the cost stands beside the other's: "worse than that of 6.1, 4.8×
// (4.77…4.82), 0.068 to 0.33 insn/B", or why that is not said.
func (k *Contrast) Words() string {
	if k.Verdict == NoVerdict {
		return fmt.Sprintf("beside %s: no verdict: %s", k.Against, k.Why)
	}
	s := fmt.Sprintf("beside %s: %s, %s (%s), %.3g to %.3g %s", k.Against, k.Verdict, factor(k.Ratio), k.Interval(), k.Other, k.Value, k.Unit)
	if k.Why != "" {
		s += "; " + k.Why
	}
	return s
}

// Interval is the interval in words: "4.1…4.3".
func (k *Contrast) Interval() string {
	if k.Low == 0 {
		return "no finite interval"
	}
	// As many digits as tell the ends apart from each other and from the factor.
	scale, text := int(math.Floor(math.Log10(k.High))), func(v float64, decimals int) string { return fmt.Sprintf("%.*f", decimals, v) }
	decimals := max(0, 1-scale)
	for ; decimals < max(0, 4-scale); decimals++ {
		low, high, at := text(k.Low, decimals), text(k.High, decimals), text(k.Ratio, decimals)
		if low != high && low != at && high != at {
			break
		}
	}
	return text(k.Low, decimals) + "…" + text(k.High, decimals)
}

// factor says a ratio: "4.2×", near 1 with the digits that tell it.
func factor(ratio float64) string {
	if math.Abs(ratio-1) < 0.1 {
		return fmt.Sprintf("%.4g×", ratio)
	}
	return fmt.Sprintf("%.3g×", ratio)
}
