package report

import (
	"fmt"
	"math"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/cost"
)

// rounding is the part of a cost below which a sum of parts is none.
const rounding = 1e-12

// Where says which functions account for most of a difference in cost, at most so
// many of them. Of costs that do not differ it gives no shares. The difference must
// have been located.
func Where(k *cost.Delta, most int) string {
	w := k.Where
	whole := k.Value - k.Other
	amount := func(name string, v float64) string {
		if math.Abs(v) < rounding*max(k.Value, k.Other) {
			return name + " 0"
		}
		text := fmt.Sprintf("%s %+.2g %s", name, v, k.Unit)
		if k.Differs() && whole != 0 {
			text += fmt.Sprintf(" (%s %%)", twoDigits(100*v/whole))
		}
		return text
	}
	var parts []string
	shown := w.Functions[:min(len(w.Functions), most)]
	for _, f := range shown {
		parts = append(parts, amount(f.Name, f.Delta))
	}
	rest, n := w.Smaller, w.SmallerCount
	for _, f := range w.Functions[len(shown):] {
		rest += f.Delta
		n++
	}
	if n == 1 {
		parts = append(parts, amount("1 other function", rest))
	} else if n > 1 {
		parts = append(parts, amount(fmt.Sprintf("%d other functions", n), rest))
	}
	return strings.Join(append(parts, amount("user space", w.User), amount("not located", w.Unlocated)), ", ")
}

// withoutCopying says what two costs are without what copies bytes, "" where nothing does.
// A count of instructions makes a copy dear or cheap by the instruction that it is made by.
func withoutCopying(k *cost.Delta) string {
	c := k.Where.Copying
	if c == nil {
		return ""
	}
	side := func(value, cost float64, by []string) string {
		if len(by) == 0 {
			return fmt.Sprintf("%.3g (nothing copies)", cost)
		}
		return fmt.Sprintf("%.3g (%.3g by %s)", cost-value, value, strings.Join(by, ", "))
	}
	return fmt.Sprintf("without what copies bytes: %s to %s %s", side(c.Other, k.Other, c.OtherBy), side(c.Value, k.Value, c.By), k.Unit)
}

// twoDigits returns a percentage with two digits, or all before the point.
func twoDigits(v float64) string {
	if math.Abs(v) >= 10 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2g", v)
}

// unprofiled says of which kernels there should be a profile and is none, and why.
func unprofiled(profiles []matrix.Profile) []string {
	var list []string
	for _, u := range cost.MissingProfiles(profiles) {
		where := u.Probes[0]
		if n := len(u.Probes) - 1; n > 0 {
			where += fmt.Sprintf(" and %d more", n)
		}
		list = append(list, fmt.Sprintf("no profile of %s, %s: %s", u.Kernel, where, u.Why))
	}
	return list
}

// noProfile says of a kernel why there is no profile.
func noProfile(u cost.Unprofiled) string {
	return fmt.Sprintf("%s has no profile: %s", u.Kernel, u.Why)
}
