package spec

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"kmatrix/matrix"
)

// externalPattern is what names of external probes look like; they are parts
// of the names of files, and of commands. Those of LTP's programs are among them.
const externalPattern = `[a-z0-9][a-z0-9_-]*`

// selftestsPattern is what tree: takes, and treeExample a value of it.
const (
	selftestsPattern = `tools/testing/selftests(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+`
	treeExample      = "tools/testing/selftests/splice"
)

// durationPattern is what deadline: takes.
const durationPattern = `[1-9][0-9]*(s|m|h)`

// Limits of external probes.
const (
	maxExternal = 500
	maxArgs     = 100
	maxDeadline = 24 * time.Hour
	// The least that is told apart from nothing, and what a host's disk may have.
	minScratchMiB, maxScratchMiB = 1, 64 << 10
)

// externals reads external:. It is read before the rest of the document, which
// names its probes.
func (p *reader) externals(root ast.Node) {
	each(root, func(key string, value ast.Node) {
		if key == "external" {
			p.list(value, key, p.external)
		}
	})
	if n := len(p.spec.External); n > maxExternal {
		p.problem(0, "external", fmt.Sprintf("has %d elements", n), fmt.Sprintf("at most %d are taken", maxExternal))
	}
	p.known.Probes = append(slices.Clip(p.known.Probes), p.spec.External...)
}

// external reads one element of external:.
func (p *reader) external(n ast.Node, key string) {
	probe := matrix.Probe{Kind: matrix.External, Program: &matrix.Program{ResultFormat: matrix.FormatExit}}
	program := probe.Program
	fields := map[string]field{
		"name": func(n ast.Node, key string) {
			s, ok := p.text(n, key)
			if ok && (!externalRE.MatchString(s) || len(s) > nameLength) {
				p.problem(line(n), key, fmt.Sprintf("is %q", s), fmt.Sprintf("names of external probes have small letters, digits, - and _, and are at most %d long", nameLength))
				return
			}
			probe.Name = matrix.External.Name(s)
			if ok && slices.ContainsFunc(p.spec.External, func(o matrix.Probe) bool { return o.Name == probe.Name }) {
				p.problem(line(n), key, fmt.Sprintf("is %q, as another's", s), "names must differ")
			}
		},
		"args": func(n ast.Node, key string) {
			p.list(n, key, func(n ast.Node, key string) {
				if s, ok := p.text(n, key); ok {
					program.Args = append(program.Args, s)
				}
			})
			if len(program.Args) > maxArgs {
				p.problem(line(n), key, fmt.Sprintf("has %d elements", len(program.Args)), fmt.Sprintf("at most %d are taken", maxArgs))
			}
		},
		"result": func(n ast.Node, key string) {
			program.ResultFormat = matrix.ResultFormat(p.choice(n, key, words(matrix.ResultFormats)))
		},
		"deadline": func(n ast.Node, key string) { program.Deadline = p.duration(n, key) },
		"scratch":  func(n ast.Node, key string) { program.ScratchMiB = p.size(n, key, minScratchMiB, maxScratchMiB) },
		"summary":  func(n ast.Node, key string) { probe.Summary, _ = p.text(n, key) },
	}
	var kinds []string
	for _, kind := range matrix.ProgramKinds {
		fields[string(kind)] = func(n ast.Node, key string) {
			kinds = append(kinds, string(kind))
			program.Kind, program.Path = kind, p.program(n, key, kind)
		}
	}
	before := len(p.problems)
	p.mapping(n, key, fields, "name")
	all := strings.Join(words(matrix.ProgramKinds), ", ")
	switch _, isMapping := n.(ast.MapNode); {
	case !isMapping:
	case len(kinds) == 0 && len(p.problems) == before:
		p.problem(line(n), key, "names no program", "one of its keys must be "+all)
	case len(kinds) > 1:
		p.problem(line(n), key, "names more than one program: "+strings.Join(kinds, ", "), "one of its keys must be "+all)
	case program.Kind == matrix.ProgramTree && len(program.Args) > 0:
		p.problem(line(n), join(key, "args"), "stands with tree", "self-tests take no arguments: leave it out")
	case program.Kind == matrix.ProgramTree && program.ResultFormat == matrix.FormatLTP:
		p.problem(line(n), join(key, "result"), `is "ltp", with tree`, "the kernel's self-tests report by exit or ktap")
	}
	if probe.Summary == "" {
		probe.Summary = "Runs " + program.Path + ", as kernels.yaml says."
	}
	p.spec.External = append(p.spec.External, probe)
}

// program reads the path of a program; one that lies on this machine is there.
func (p *reader) program(n ast.Node, key string, kind matrix.ProgramKind) string {
	s, ok := p.text(n, key)
	if !ok {
		return ""
	}
	if kind == matrix.ProgramTree {
		if !selftestsRE.MatchString(s) || path.Clean(s) != s {
			p.problem(line(n), key, fmt.Sprintf("is %q", s), "want a directory below tools/testing/selftests of the kernel's source, for example "+treeExample)
		}
		return s
	}
	at := s
	if !filepath.IsAbs(s) {
		at = filepath.Join(filepath.Dir(p.spec.Path), s)
	}
	hint := "paths are relative to the directory of this file"
	info, err := os.Stat(at)
	switch {
	case s == "":
		p.problem(line(n), key, "is empty", hint)
	case err != nil:
		p.problem(line(n), key, fmt.Sprintf("is %q, which is not there", s), hint)
	case !info.Mode().IsRegular():
		p.problem(line(n), key, fmt.Sprintf("is %q, which is no file", s), hint)
	case kind == matrix.ProgramC && filepath.Ext(s) != ".c":
		p.problem(line(n), key, fmt.Sprintf("is %q, which is no file of C", s), "its name must end in .c; what is compiled already stands under exec")
	}
	return s
}

// duration reads a whole number of seconds, minutes or hours.
func (p *reader) duration(n ast.Node, key string) time.Duration {
	const hint = "write it as 90s, 5m or 1h"
	if _, ok := n.(*ast.IntegerNode); ok {
		p.problem(line(n), key, "is "+describe(n)+", which has no unit", hint)
		return 0
	}
	s, ok := p.text(n, key)
	if !ok {
		return 0
	}
	d, err := time.ParseDuration(s)
	if !durationRE.MatchString(s) || err != nil || d > maxDeadline {
		p.problem(line(n), key, fmt.Sprintf("is %q", s), hint+", at most 24h")
		return 0
	}
	return d
}
