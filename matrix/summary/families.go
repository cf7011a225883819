package summary

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// Family are probes of one kind that kernels answer differently, and of which each kernel
// shows the same things: of stability probes mutations, by calls; of other kinds loads, or
// programs.
type Family struct {
	Kind matrix.ProbeKind
	// Mutations are those of stability probes; else none.
	Mutations []string
	// Members are the calls, loads or programs, in the rows' order.
	Members []string
	// Differing is how many of its Rows differ between the kernels.
	Differing, Rows int
	// Answers are what kernels show in the rows that differ, the worst first.
	Answers []FamilyAnswer
}

// FamilyAnswer is in how many of the rows that differ which kernels show something.
type FamilyAnswer struct {
	Showing Showing
	Count   int
	// Columns are the indexes of those that show it so often.
	Columns []int
}

// Rest is what a kernel shows where no answer of [Family.Worse] names it.
func (f Family) Rest() Showing { return f.Answers[len(f.Answers)-1].Showing }

// Worse lists the answers but those that are the best.
func (f Family) Worse() []FamilyAnswer {
	return slices.DeleteFunc(slices.Clone(f.Answers), func(a FamilyAnswer) bool { return a.Showing == f.Rest() })
}

// place takes a probe's name apart: its kind, the call, load or program, and of a
// stability probe the mutation.
func place(probe string) (kind matrix.ProbeKind, member, mutation string) {
	kind, rest := matrix.SplitName(probe)
	parts := strings.Split(rest, "/")
	switch {
	case kind == matrix.Stability && len(parts) > 1:
		return kind, parts[0], parts[1]
	case kind == "" && len(parts) > 1: // of no kind that is known here
		return kind, parts[0] + "/" + parts[1], ""
	}
	return kind, parts[0], ""
}

// tally is what was counted of one call, load or program.
type tally struct {
	family Family
	// counts are, by column, how often it shows what.
	counts map[int]map[Showing]int
}

// families lists the families of a comparison that differ, the worst first.
func families(c compare.Comparison) []Family {
	var all []*tally
	by := map[[3]string]*tally{}
	for _, r := range c.Rows {
		kind, member, mutation := place(r.Probe)
		key := [3]string{string(kind), member, mutation}
		t := by[key]
		if t == nil {
			t = &tally{family: Family{Kind: kind, Members: []string{member}}, counts: map[int]map[Showing]int{}}
			if mutation != "" {
				t.family.Mutations = []string{mutation}
			}
			by[key], all = t, append(all, t)
		}
		t.family.Rows++
		if !differ(r) {
			continue
		}
		t.family.Differing++
		for i, cell := range r.Cells {
			s, ok := of(cell)
			if !ok {
				continue
			}
			if t.counts[i] == nil {
				t.counts[i] = map[Showing]int{}
			}
			t.counts[i][s]++
		}
	}
	all = slices.DeleteFunc(all, func(t *tally) bool { return t.family.Differing == 0 })
	// First calls of one mutation come together, then mutations of the same calls.
	all = merge(all, func(a, b Family) bool { return slices.Equal(a.Mutations, b.Mutations) })
	all = merge(all, func(a, b Family) bool { return slices.Equal(a.Members, b.Members) })
	var list []Family
	for _, t := range all {
		t.family.Answers = t.answers()
		list = append(list, t.family)
	}
	slices.SortStableFunc(list, func(a, b Family) int {
		return cmp.Or(cmp.Compare(rank(a.Answers[0].Showing), rank(b.Answers[0].Showing)), cmp.Compare(b.Differing, a.Differing))
	})
	return list
}

// rank is the place of a showing among [Showings].
func rank(s Showing) int { return slices.Index(Showings, s) }

// merge puts those together of which the kernels show the same things, and that have so in
// common.
func merge(all []*tally, so func(a, b Family) bool) []*tally {
	var merged []*tally
	for _, t := range all {
		at := slices.IndexFunc(merged, func(o *tally) bool { return o.alike(t) && so(o.family, t.family) })
		if at < 0 {
			merged = append(merged, t)
			continue
		}
		merged[at].add(t)
	}
	return merged
}

// alike reports whether the kernels show the same things of two, however often.
func (t *tally) alike(o *tally) bool {
	return t.family.Kind == o.family.Kind &&
		maps.EqualFunc(t.counts, o.counts, func(a, b map[Showing]int) bool {
			return maps.EqualFunc(a, b, func(int, int) bool { return true })
		})
}

func (t *tally) add(o *tally) {
	t.family.Members = union(t.family.Members, o.family.Members)
	t.family.Mutations = union(t.family.Mutations, o.family.Mutations)
	t.family.Rows += o.family.Rows
	t.family.Differing += o.family.Differing
	for i, counts := range o.counts {
		for s, n := range counts {
			t.counts[i][s] += n
		}
	}
}

// union appends those of a list that another has not.
func union(list, more []string) []string {
	list = slices.Clone(list)
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// answers groups the columns by what they show how often: the worst first, and of one
// showing the most frequent.
func (t *tally) answers() []FamilyAnswer {
	var list []FamilyAnswer
	for _, i := range slices.Sorted(maps.Keys(t.counts)) {
		for s, n := range t.counts[i] {
			at := slices.IndexFunc(list, func(a FamilyAnswer) bool { return a.Showing == s && a.Count == n })
			if at < 0 {
				list, at = append(list, FamilyAnswer{Showing: s, Count: n}), len(list)
			}
			list[at].Columns = append(list[at].Columns, i)
		}
	}
	slices.SortFunc(list, func(a, b FamilyAnswer) int {
		return cmp.Or(cmp.Compare(rank(a.Showing), rank(b.Showing)), cmp.Compare(b.Count, a.Count))
	})
	return list
}
