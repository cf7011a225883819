package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"kmatrix/matrix"
)

func (p *reader) machine(n ast.Node, key string) {
	m := Default
	p.mapping(n, key, map[string]field{
		"name": func(n ast.Node, key string) {
			m.Name = p.name(n, key)
			if m.Name != "" && slices.ContainsFunc(p.spec.Machines, func(o matrix.Machine) bool { return o.Name == m.Name }) {
				p.problem(line(n), key, fmt.Sprintf("is %q, as another machine's", m.Name), "names must differ")
			}
		},
		"memory": func(n ast.Node, key string) { m.MemoryMiB = p.size(n, key, minMemoryMiB, maxMemoryMiB) },
		"cpus":   func(n ast.Node, key string) { m.CPUs = p.number(n, key, 1, maxCPUs) },
		"accel":  func(n ast.Node, key string) { m.Accel = matrix.Accel(p.choice(n, key, words(matrix.Accels))) },
		"clock":  func(n ast.Node, key string) { m.Clock = matrix.Clock(p.choice(n, key, words(matrix.Clocks))) },
		"cpu": func(n ast.Node, key string) {
			if s, ok := p.text(n, key); ok && s == "" {
				p.problem(line(n), key, "is empty", "it is QEMU's -cpu, for example max")
			} else {
				m.CPU = s
			}
		},
		"isolate": func(n ast.Node, key string) {
			m.Isolate = matrix.Isolate(p.choice(n, key, words(matrix.Isolates)))
		},
		"boots": func(n ast.Node, key string) { m.Boots = p.boots(n, key) },
		"probes": func(n ast.Node, key string) {
			m.Probes = nil
			p.list(n, key, func(n ast.Node, key string) { m.Probes = append(m.Probes, p.pattern(n, key)) })
		},
	}, "name", "probes")
	if m.Clock == matrix.ClockIcount && m.CPUs > 1 {
		p.problem(line(n), join(key, "clock"), fmt.Sprintf("is icount, on %d CPUs", m.CPUs), "it counts the instructions of one: leave cpus out, or take clock: wall")
	}
	if m.Clock == matrix.ClockIcount && m.Accel == matrix.AccelKVM {
		p.problem(line(n), join(key, "clock"), "is icount, under KVM", "QEMU counts what it emulates: take accel: tcg, or clock: wall")
	}
	p.spec.Machines = append(p.spec.Machines, m)
}

// AutoBoots leaves the number of boots, here and of --boots, to what they show.
const AutoBoots = "auto"

func (p *reader) boots(n ast.Node, key string) int {
	if s, ok := n.(*ast.StringNode); ok && s.Value == AutoBoots {
		return matrix.BootsAuto
	}
	return p.numberOr(n, key, 1, MaxBoots, ", or "+AutoBoots)
}

func words[T ~string](values []T) []string {
	var list []string
	for _, v := range values {
		list = append(list, string(v))
	}
	return list
}

// size reads a size, of least to most MiB, and returns it in MiB.
func (p *reader) size(n ast.Node, key string, least, most int) int {
	const hint = "write it as 512M or 1G"
	if _, ok := n.(*ast.IntegerNode); ok {
		p.problem(line(n), key, "is "+describe(n)+", which has no unit", hint)
		return 0
	}
	s, ok := p.text(n, key)
	if !ok {
		return 0
	}
	if !sizeRE.MatchString(s) {
		p.problem(line(n), key, fmt.Sprintf("is %q", s), hint)
		return 0
	}
	digits := strings.TrimRight(s, "MGiB")
	mib, err := strconv.Atoi(digits)
	if s[len(digits)] == 'G' {
		mib *= 1024
	}
	if err != nil || mib < least || mib > most {
		p.problem(line(n), key, fmt.Sprintf("is %q, want %dM to %dG", s, least, most/1024), hint)
		return 0
	}
	return mib
}
