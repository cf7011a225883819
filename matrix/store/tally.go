package store

import (
	"fmt"
	"slices"

	"kmatrix/matrix"
)

// tally holds a run's results, each guest's once, and tells which of them count.
//
// A cell has one outcome for each boot: its last result there. An earlier one,
// such as an infra that was asked again, is kept and does not count.
type tally struct {
	all []matrix.Result
	// at is where in all the result of a cell, a boot and a session stands, and last
	// the one that counts of a cell and a boot.
	at, last map[string]int
	// booted holds the cells that have a result of a boot.
	booted map[string]bool
}

func newTally() *tally {
	return &tally{at: map[string]int{}, last: map[string]int{}, booted: map[string]bool{}}
}

func bootKey(cell string, boot int) string { return fmt.Sprintf("%s %d", cell, boot) }

// taken tells why a result cannot be added, "" when it can: its cell has one of
// that boot and session, or, where there was no guest, one that is final.
func (t *tally) taken(r matrix.Result) string {
	i, ok := t.at[fmt.Sprintf("%s %d", bootKey(r.Cell, r.Boot), r.Session)]
	if !ok || r.Session == 0 && !t.all[i].Outcome.Final() {
		return ""
	}
	return fmt.Sprintf("%s has a result for boot %d and session %d already", r.Cell, r.Boot, r.Session)
}

// take adds a result, or tells why it does not.
func (t *tally) take(r matrix.Result) (trouble string) {
	if taken := t.taken(r); taken != "" {
		return taken + ", and this one was passed over"
	}
	t.add(r)
	return ""
}

// add takes a result that is not taken.
func (t *tally) add(r matrix.Result) {
	key := bootKey(r.Cell, r.Boot)
	t.at[fmt.Sprintf("%s %d", key, r.Session)], t.last[key] = len(t.all), len(t.all)
	t.booted[r.Cell] = t.booted[r.Cell] || r.Boot > 0
	t.all = append(t.all, r)
}

// final reports whether a cell is not to be asked any more for that boot.
func (t *tally) final(cell string, boot int) bool {
	return slices.ContainsFunc([]int{0, boot}, func(n int) bool {
		i, ok := t.last[bootKey(cell, n)]
		return ok && t.all[i].Outcome.Final()
	})
}

// counted returns the results that count, and those that later ones stand for,
// each in the order in which they came.
func (t *tally) counted() (counted, earlier []matrix.Result) {
	for i, r := range t.all {
		// Where there was no image first and was one later, the boots count.
		if t.last[bootKey(r.Cell, r.Boot)] == i && (r.Boot > 0 || r.Outcome.Final() || !t.booted[r.Cell]) {
			counted = append(counted, r)
		} else {
			earlier = append(earlier, r)
		}
	}
	return counted, earlier
}
