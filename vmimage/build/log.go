package build

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"kmatrix/matrix"
)

var (
	warningLine = regexp.MustCompile(`^(\S+?):\d+:(?:\d+:)? warning: (.*?)(?: \[(-W[^\]]+)\])?$`)
	errorLine   = regexp.MustCompile(`(?:^|\s)(?:fatal )?error: |^\*\*\*|^make.*\*\*\* |undefined reference|: not found$|No such file or directory`)
)

// maxError is how much of an error's line is shown.
const maxError = 300

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
	slices.SortFunc(list, func(a, b matrix.Warning) int {
		return strings.Compare(a.File+"\x00"+a.Kind+"\x00"+a.Text, b.File+"\x00"+b.Kind+"\x00"+b.Text)
	})
	return slices.Compact(list)
}

// firstError returns the first line of a log that tells of an error; "" when
// none does.
func firstError(log string) string {
	for line := range strings.Lines(log) {
		if line = strings.TrimSpace(line); errorLine.MatchString(line) {
			return line[:min(len(line), maxError)]
		}
	}
	return ""
}
