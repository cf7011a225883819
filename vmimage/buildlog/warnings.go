// Package buildlog reads what make prints while it builds a kernel: why a build
// failed ([Find]), what the compiler warned of ([Warnings]), and how many
// objects were made ([Counter]).
//
// A log is text that kbuild, compilers, linkers and a dozen small programs
// write into one pipe, several at a time. Nothing here fails on odd input: what
// is not understood counts for nothing.
package buildlog

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"kmatrix/matrix"
)

var warningLine = regexp.MustCompile(`^(\S+?):\d+:(?:\d+:)? warning: (.*?)(?: \[(-W[^\]]+)\])?$`)

// Warnings returns the compiler's warnings in a log, each once, sorted. Paths
// are relative to the tree.
func Warnings(log []byte, tree string) []matrix.Warning {
	var list []matrix.Warning
	for line := range strings.Lines(string(log)) {
		m := warningLine.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		file := m[1]
		if rel, err := filepath.Rel(tree, file); err == nil && filepath.IsAbs(file) {
			file = rel
		}
		list = append(list, matrix.Warning{File: strings.TrimPrefix(file, "../"), Kind: m[3], Text: m[2]})
	}
	return Merge(list)
}

// Merge sorts warnings and takes each once.
func Merge(lists ...[]matrix.Warning) []matrix.Warning {
	all := slices.Concat(lists...)
	slices.SortFunc(all, func(a, b matrix.Warning) int {
		return strings.Compare(a.File+"\x00"+a.Kind+"\x00"+a.Text, b.File+"\x00"+b.Kind+"\x00"+b.Text)
	})
	return slices.Compact(all)
}

// Remaining returns those warnings of an earlier build that a later one on its
// objects, whose log this is, did not compile again. What is warned of in a
// header stays: who included it is not known.
func Remaining(before []matrix.Warning, log []byte) []matrix.Warning {
	compiled := map[string]bool{}
	for line := range strings.Lines(string(log)) {
		if f := strings.Fields(line); len(f) == 2 && made(f[0]) {
			compiled[strings.TrimSuffix(f[1], filepath.Ext(f[1]))] = true
		}
	}
	var list []matrix.Warning
	for _, w := range before {
		if ext := filepath.Ext(w.File); ext == ".h" || !compiled[strings.TrimSuffix(w.File, ext)] {
			list = append(list, w)
		}
	}
	return list
}
