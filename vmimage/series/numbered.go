package series

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// takeNumbered takes the newest version of a series whose patches are numbered.
func (c *chooser) takeNumbered() ([]*message, error) {
	versions := map[int][]*message{}
	for _, m := range c.numbered {
		versions[m.revision] = append(versions[m.revision], m)
	}
	revisions := slices.Sorted(maps.Keys(versions))
	newest := revisions[len(revisions)-1]
	var (
		taken []*message
		whole int // the version that was whole last
		notes []string
		err   error
	)
	for _, r := range revisions {
		var set []*message
		notes = nil
		if set, notes, err = c.once(versions[r]); err != nil {
			taken = nil
			continue
		}
		gaps := missing(set)
		switch {
		case gaps == "":
			taken, whole = set, r
		case taken != nil && c.reroll(taken, set):
			taken = overlay(taken, set)
			notes = append(notes, fmt.Sprintf("%s: of version %d only %s, sent in reply to the version before: the others are that version's", c.origin, r, numbers(set)))
		default:
			taken = nil
			err = partial(c.origin, "%s%s", gaps, ofVersion(r, whole))
		}
	}
	if err != nil {
		return nil, err
	}
	if len(revisions) > 1 {
		c.note("versions %s are in it: version %d is taken", list(revisions), newest)
	}
	c.notes = append(c.notes, notes...)
	return c.besides(taken)
}

// ofVersion says which version lacks something, and which one does not.
func ofVersion(r, whole int) string {
	switch {
	case whole > 0:
		return fmt.Sprintf(" of version %d; version %d is whole: to take that, save it in a file of its own", r, whole)
	case r > 1:
		return fmt.Sprintf(" of version %d: save the whole thread", r)
	}
	return ": save the whole thread"
}

// once returns the patches of one version in their order, each once. The error tells
// of two that are not the same, or of another series.
func (c *chooser) once(all []*message) (set []*message, notes []string, err error) {
	resent := slices.DeleteFunc(slices.Clone(all), func(m *message) bool { return !m.resend })
	if len(resent) > 0 && len(resent) < len(all) && missing(resent) == "" {
		all = resent
		notes = append(notes, fmt.Sprintf("%s: version %d was sent twice: what was sent last is taken", c.origin, resent[0].revision))
	}
	for _, m := range all {
		if m.total != all[0].total {
			return nil, nil, wrong(m.Origin, "%s, stands among those of a series of %d: save each series in a file of its own, and name both", m.name(), all[0].total)
		}
		i := slices.IndexFunc(set, func(o *message) bool { return o.number == m.number })
		if i < 0 {
			set = append(set, m)
			continue
		}
		better, why := prefer(set[i], m)
		if better == nil {
			return nil, nil, wrong(m.Origin, "patch %d/%d of version %d is there twice, with other changes than at %s: leave one of them in the file", m.number, m.total, m.revision, set[i].Origin)
		}
		set[i] = better
		if why != "" {
			notes = append(notes, fmt.Sprintf("%s: patch %d/%d is there twice, also at %s: %s", better.Origin, m.number, m.total, m.Origin, why))
		}
	}
	slices.SortStableFunc(set, func(a, b *message) int { return a.number - b.number })
	return set, notes, nil
}

// prefer returns the better one of two copies of a patch, and what is to be said of
// the other; nil where they are two patches.
func prefer(a, b *message) (*message, string) {
	switch {
	case a.err == nil && b.err == nil && a.Diff == b.Diff:
		if a.id != "" && a.id == b.id {
			return a, "" // two lists had it
		}
		return a, "they are the same"
	case !b.hasDiff():
		return a, ""
	case !a.hasDiff():
		return b, ""
	case b.resend && !a.resend:
		return b, "the one that was sent again is taken"
	case a.resend && !b.resend:
		return a, "the one that was sent again is taken"
	case a.id != "" && a.id == b.id && b.err != nil:
		return a, "the other is damaged"
	case a.id != "" && a.id == b.id && a.err != nil:
		return b, "the other is damaged"
	}
	return nil, ""
}

// maxNamed is how many missing patches are named.
const maxNamed = 10

// missing says which patches a version lacks, "" for none. Numbers behind the total,
// such as 4/3, are patches that were sent later.
func missing(set []*message) string {
	have := map[int]bool{}
	total, last := 0, 0
	for _, m := range set {
		have[m.number] = true
		total, last = m.total, max(last, m.number)
	}
	var gaps []string
	for n := 1; n <= max(total, last); n++ {
		if !have[n] {
			gaps = append(gaps, fmt.Sprintf("%d/%d", n, total))
		}
	}
	switch {
	case len(gaps) == 0:
		return ""
	case len(gaps) == 1:
		return "patch " + gaps[0] + " is missing"
	case len(gaps) > maxNamed:
		return fmt.Sprintf("patches %s and %d more are missing", strings.Join(gaps[:maxNamed], ", "), len(gaps)-maxNamed)
	}
	return "patches " + sentence(gaps) + " are missing"
}

// sentence joins words as a sentence does.
func sentence(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// list lists revisions as a sentence does.
func list(revisions []int) string {
	var words []string
	for _, n := range revisions {
		words = append(words, fmt.Sprint(n))
	}
	return sentence(words)
}

// numbers lists patches by their numbers.
func numbers(set []*message) string {
	var words []string
	for _, m := range set {
		words = append(words, fmt.Sprintf("%d/%d", m.number, m.total))
	}
	return sentence(words) + map[bool]string{true: " is in it", false: " are in it"}[len(words) == 1]
}

// reroll reports whether a version that is not whole renews patches of the one before:
// each was sent in reply to a patch of the same number.
func (c *chooser) reroll(before, set []*message) bool {
	for _, m := range set {
		if m.total != before[0].total || !slices.ContainsFunc(c.numbered, func(o *message) bool {
			return o.number == m.number && o.total == m.total && o.revision < m.revision && m.answers(o)
		}) {
			return false
		}
	}
	return true
}

// overlay returns a version with the patches of a newer one in their places.
func overlay(before, set []*message) []*message {
	all := slices.Clone(before)
	for _, m := range set {
		i := slices.IndexFunc(all, func(o *message) bool { return o.number == m.number })
		if i >= 0 {
			all[i] = m
		}
	}
	return all
}

// besides looks at the patches without numbers that stand beside a series: a newer
// version of one of its patches takes that one's place, and what was sent in reply, or
// is older, is left out.
func (c *chooser) besides(taken []*message) ([]*message, error) {
	for _, m := range c.loose {
		if !m.hasDiff() {
			continue
		}
		i := slices.IndexFunc(taken, func(o *message) bool { return m.revision > o.revision && (m.answers(o) || m.title == o.title) })
		switch {
		case i >= 0:
			c.note("%s is taken in place of %s: it is its version %d", m.name(), taken[i].name(), m.revision)
			renewed := *m
			renewed.number, renewed.total = taken[i].number, taken[i].total
			renewed.Number, renewed.Total = renewed.number, renewed.total
			taken[i] = &renewed
		case len(m.references) > 0:
			c.leave(m, "is a reply")
		case m.revision < taken[0].revision:
			c.leave(m, fmt.Sprintf("is of version %d", m.revision))
		default:
			return nil, wrong(m.Origin, "%s is no part of the series of %d patches beside it: save it in a file of its own, and name both", m.name(), taken[0].total)
		}
	}
	return taken, nil
}
