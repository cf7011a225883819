package build

import (
	"bytes"
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
	return merge(list)
}

// merge sorts warnings and takes each once.
func merge(lists ...[]matrix.Warning) []matrix.Warning {
	all := slices.Concat(lists...)
	slices.SortFunc(all, func(a, b matrix.Warning) int {
		return strings.Compare(a.File+"\x00"+a.Kind+"\x00"+a.Text, b.File+"\x00"+b.Kind+"\x00"+b.Text)
	})
	return slices.Compact(all)
}

// remaining returns those warnings of an earlier build that a later one on its
// objects, whose log this is, did not compile again. What is warned of in a
// header stays: who included it is not known.
func remaining(before []matrix.Warning, log []byte) []matrix.Warning {
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

// made tells whether kbuild's word says that something was compiled.
func made(word string) bool { return word == "CC" || word == "AS" || word == "HOSTCC" }

// counter counts the objects that a build's output tells of.
type counter struct {
	report func(int)
	n      int
	rest   []byte
}

func (c *counter) Write(p []byte) (int, error) {
	c.rest = append(c.rest, p...)
	for {
		line, rest, ok := bytes.Cut(c.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		c.rest = rest
		if f := bytes.Fields(line); len(f) == 2 && made(string(f[0])) && c.report != nil {
			c.n++
			c.report(c.n)
		}
	}
}

// FirstError returns the first line of a log that tells of an error; "" when
// none does.
func FirstError(log string) string {
	for line := range strings.Lines(log) {
		if line = strings.TrimSpace(line); errorLine.MatchString(line) {
			return line[:min(len(line), maxError)]
		}
	}
	return ""
}
