package spec

import (
	"fmt"
	"slices"
	"strings"
)

// Error is all that is wrong with a file.
type Error struct {
	File     string
	Problems []Problem
}

// Problem is one mistake.
type Problem struct {
	// Line counts from 1; 0 when it is about the file as a whole.
	Line int
	// Key is the path of the key, for example "kernels[2].source.suite"; it
	// may be empty.
	Key string
	// What is wrong, and Hint what would be right.
	What, Hint string
}

// Error lists the problems, a line each: FILE:LINE: KEY: what; hint.
func (e *Error) Error() string {
	var lines []string
	for _, p := range e.Problems {
		at := e.File
		if p.Line > 0 {
			at = fmt.Sprintf("%s:%d", e.File, p.Line)
		}
		text := at + ": "
		if p.Key != "" {
			text += p.Key + ": "
		}
		text += p.What
		if p.Hint != "" {
			text += "; " + p.Hint
		}
		lines = append(lines, text)
	}
	return strings.Join(lines, "\n")
}

// allowed says what a value may be, with the nearest first when one is near.
func allowed(got string, names []string) string {
	if n := nearest(got, names); n != "" {
		return fmt.Sprintf("did you mean %q? allowed are %s", n, strings.Join(names, ", "))
	}
	return "allowed are " + strings.Join(names, ", ")
}

// nearest returns the name that a typing mistake away from got: at most a
// third of its letters differ.
func nearest(got string, names []string) string {
	best, least := "", len(got)/3+1
	for _, n := range names {
		if d := distance(got, n); d < least || d == least && best == "" && d <= len(got)/3 {
			best, least = n, d
		}
	}
	return best
}

// Near returns the names that are likely to have been meant, at most so many, the
// nearest first.
func Near(got string, names []string, most int) []string {
	limit := len(got)/3 + 1
	near := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return distance(got, n) > limit })
	slices.SortStableFunc(near, func(a, b string) int { return distance(got, a) - distance(got, b) })
	return near[:min(len(near), most)]
}

// distance returns Levenshtein's distance: how many letters to put in, leave out or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
