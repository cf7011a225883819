package series

import (
	"fmt"
	"slices"
)

// takeLoose takes patches without numbers in the order in which they came: of each the
// newest version, once.
func (c *chooser) takeLoose() ([]*message, error) {
	tagged := slices.ContainsFunc(c.loose, func(m *message) bool { return m.tagged && m.hasDiff() })
	var taken []*message
	for _, m := range c.loose {
		if tagged && !m.tagged && len(m.references) > 0 {
			c.leave(m, "is a reply without a tag such as [PATCH]")
			continue
		}
		i := slices.IndexFunc(taken, func(o *message) bool { return sameLoose(o, m) })
		if i < 0 {
			taken = append(taken, m)
			continue
		}
		c.replace(taken, i, m)
	}
	for _, m := range taken {
		if m.revision != taken[0].revision {
			return nil, wrong(c.origin, "it holds %q, version %d, and %q, version %d, without numbers: save what is to be applied, each in a file of its own", taken[0].title, taken[0].revision, m.title, m.revision)
		}
	}
	return taken, nil
}

// sameLoose reports whether two patches without numbers are versions, or copies, of
// one. Two of the same version that differ are two patches, whatever their titles.
func sameLoose(a, b *message) bool {
	if a.revision != b.revision {
		return a.title == b.title || a.answers(b) || b.answers(a)
	}
	if a.title != b.title {
		return false
	}
	return a.resend != b.resend || a.Diff == b.Diff || !a.hasDiff() || !b.hasDiff() || a.id != "" && a.id == b.id
}

// replace takes one of two versions, or copies, of a patch, and notes which.
func (c *chooser) replace(taken []*message, i int, m *message) {
	old := taken[i]
	if old.revision != m.revision {
		if m.revision > old.revision {
			taken[i] = m
		}
		c.note("versions %d and %d are in it: version %d is taken", min(old.revision, m.revision), max(old.revision, m.revision), taken[i].revision)
		return
	}
	better, why := prefer(old, m)
	if better != nil {
		taken[i] = better
	}
	if why != "" {
		c.notes = append(c.notes, fmt.Sprintf("%s: %s is there twice, also at %s: %s", old.Origin, m.name(), m.Origin, why))
	}
}

// squashed returns the patches without numbers that are a newer version of the whole
// series, and of no single patch of it.
func (c *chooser) squashed() []*message {
	var newer []*message
	for _, m := range c.loose {
		if m.hasDiff() && !slices.ContainsFunc(c.numbered, func(o *message) bool {
			return m.revision <= o.revision || m.answers(o) || m.title == o.title
		}) {
			newer = append(newer, m)
		}
	}
	return newer
}

// takeSquashed takes what [chooser.squashed] found in place of the series.
func (c *chooser) takeSquashed(newer []*message) ([]*message, error) {
	c.note("a series of %d patches and version %d without numbers are in it: version %d is taken", c.numbered[0].total, newer[0].revision, newer[0].revision)
	for _, m := range c.loose {
		if m.hasDiff() && !slices.Contains(newer, m) {
			c.leave(m, fmt.Sprintf("is of version %d", m.revision))
		}
	}
	c.loose = newer
	return c.takeLoose()
}
