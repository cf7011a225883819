package progress

import (
	"fmt"
	"slices"
	"strings"
)

// tally counts words, and keeps their order.
type tally struct {
	order  []string
	counts map[string]int
}

func (t *tally) add(word string) {
	if t.counts[word]++; t.counts[word] == 1 {
		t.order = append(t.order, word)
	}
}

// String lists the words, the most frequent first.
func (t *tally) String() string {
	slices.SortStableFunc(t.order, func(a, b string) int { return t.counts[b] - t.counts[a] })
	var parts []string
	for _, w := range t.order {
		parts = append(parts, fmt.Sprintf("%d %s", t.counts[w], w))
	}
	return strings.Join(parts, ", ")
}
