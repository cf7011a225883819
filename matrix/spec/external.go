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

var (
	// externalPattern is what names of external probes look like; they are parts
	// of the names of files, and of commands. Those of LTP's programs are among them.
	externalPattern = newPattern(`[a-z0-9][a-z0-9_-]*`, namePattern.most)
	// selftestsPattern is what tree: takes, and sourcePattern what c: does.
	selftestsPattern = newPattern(`tools/testing/selftests(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+`, 0)
	sourcePattern    = newPattern(`[^\n\r\x00]*\.c`, 0)
)

// Limits of external probes.
const (
	maxExternal = 500
	maxArgs     = 100
	maxDeadline = 24 * time.Hour
	// The least that is told apart from nothing, and what a host's disk may have.
	minScratchMiB, maxScratchMiB = 1, 64 << 10
)

// readExternal reads external: before the rest of the document, which names its
// probes.
func (p *reader) readExternal(root ast.Node) {
	if m, ok := root.(ast.MapNode); ok {
		for it := m.MapRange(); it.Next(); {
			if key := it.Key().GetToken().Value; key == "external" {
				p.externals().read(it.Value(), key)
			}
		}
	}
	p.known.Probes = append(slices.Clip(p.known.Probes), p.spec.External...)
}

// external is external: in the document, by when it has been read.
func (p *reader) external() value {
	return value{p.externals().schema, func(ast.Node, string) {}}
}

// own is an external probe that is being read.
type own struct {
	probe   matrix.Probe
	program matrix.Program
	// kinds are the keys that name a program.
	kinds []string
	// before is how many problems there were before it.
	before int
}

// externals takes the list of external probes.
func (p *reader) externals() value {
	blank := own{probe: matrix.Probe{Kind: matrix.External}, program: matrix.Program{ResultFormat: matrix.FormatExit}}
	return elements(p, maxExternal, blank, p.externalProbe, func(o own, n ast.Node, key string) {
		p.checkProgram(o, n, key)
		if o.probe.Summary == "" {
			o.probe.Summary = "Runs " + o.program.Path + ", as kernels.yaml says."
		}
		o.probe.Program = &o.program
		p.spec.External = append(p.spec.External, o.probe)
	})
}

// externalProbe is the grammar of an element of external:.
func (p *reader) externalProbe(o *own) mapping {
	o.before = len(p.problems)
	return mapping{
		fields: []field{
			{name: "name", required: true, doc: "the probe is external/NAME", value: p.externalName(&o.probe.Name)},
			{name: "c", doc: "a file of C, compiled on this machine", value: p.program(o, matrix.ProgramC, sourcePattern)},
			{name: "exec", doc: "a static executable, or a script for the guest's shell", value: p.program(o, matrix.ProgramExec, someText)},
			{name: "tree", doc: "a directory of self-tests in the source of kernels that are built", value: p.program(o, matrix.ProgramTree, selftestsPattern)},
			{name: "args", doc: "the program's arguments", value: p.texts(&o.program.Args, maxArgs, anyText, "")},
			{name: "result", doc: "what tells how it did: its exit code, KTAP on its standard output, or its exit code as LTP has it", value: choice(p, &o.program.ResultFormat, matrix.ResultFormats)},
			{name: "deadline", doc: "how long it may take, for example 90s or 5m", value: p.duration(&o.program.Deadline, maxDeadline)},
			{name: "scratch", doc: "how much room for files it has, for example 1G (default: what a tmpfs has, half of the guest's memory)", value: p.size(&o.program.ScratchMiB, minScratchMiB, maxScratchMiB)},
			{name: "summary", doc: "one sentence that says what it asks", value: p.text(&o.probe.Summary, anyText, "")},
		},
		rule: object{"oneOf": []object{
			{"required": []string{"c"}}, {"required": []string{"exec"}},
			{"required": []string{"tree"}, "properties": object{"args": false, "result": object{"enum": []matrix.ResultFormat{matrix.FormatExit, matrix.FormatKTAP}}}},
		}},
	}
}

// externalName takes NAME, and keeps the name of the probe.
func (p *reader) externalName(to *string) value {
	var s string
	v := p.text(&s, externalPattern, fmt.Sprintf("names of external probes have small letters, digits, - and _, and are at most %d long", externalPattern.most))
	return value{v.schema, func(n ast.Node, key string) {
		if v.read(n, key); s == "" {
			return
		}
		*to = matrix.External.Name(s)
		if slices.ContainsFunc(p.spec.External, func(o matrix.Probe) bool { return o.Name == *to }) {
			p.problem(line(n), key, fmt.Sprintf("is %q, as another's", s), "names must differ")
		}
	}}
}

// checkProgram checks that a probe has one program, and what goes with it.
func (p *reader) checkProgram(o own, n ast.Node, key string) {
	all := strings.Join(plain(matrix.ProgramKinds), ", ")
	switch _, isMapping := n.(ast.MapNode); {
	case !isMapping:
	case len(o.kinds) == 0 && len(p.problems) == o.before:
		p.problem(line(n), key, "names no program", "one of its keys must be "+all)
	case len(o.kinds) > 1:
		p.problem(line(n), key, "names more than one program: "+strings.Join(o.kinds, ", "), "one of its keys must be "+all)
	case o.program.Kind == matrix.ProgramTree && len(o.program.Args) > 0:
		p.problem(line(n), join(key, "args"), "stands with tree", "self-tests take no arguments: leave it out")
	case o.program.Kind == matrix.ProgramTree && o.program.ResultFormat == matrix.FormatLTP:
		p.problem(line(n), join(key, "result"), `is "ltp", with tree`, "the kernel's self-tests report by exit or ktap")
	}
}

// program takes the path of a program; one that lies on this machine is there.
func (p *reader) program(o *own, kind matrix.ProgramKind, want pattern) value {
	return value{want.schema(), func(n ast.Node, key string) {
		o.kinds = append(o.kinds, string(kind))
		o.program.Kind = kind
		s, ok := p.line(n, key)
		if !ok {
			return
		}
		o.program.Path = s
		if what, hint := p.programProblem(s, kind, want); what != "" {
			p.problem(line(n), key, what, hint)
		}
	}}
}

// programProblem returns what is wrong with the path of a program, "" for nothing, and
// what would be right.
func (p *reader) programProblem(s string, kind matrix.ProgramKind, want pattern) (what, hint string) {
	if kind == matrix.ProgramTree {
		if !want.match(s) || path.Clean(s) != s {
			return fmt.Sprintf("is %q", s), "want a directory below tools/testing/selftests of the kernel's source, for example tools/testing/selftests/splice"
		}
		return "", ""
	}
	at := s
	if !filepath.IsAbs(s) {
		at = filepath.Join(filepath.Dir(p.spec.Path), s)
	}
	hint = "paths are relative to the directory of this file"
	info, err := os.Stat(at)
	switch {
	case s == "":
		return "is empty", hint
	case err != nil:
		return fmt.Sprintf("is %q, which is not there", s), hint
	case !info.Mode().IsRegular():
		return fmt.Sprintf("is %q, which is no file", s), hint
	case kind == matrix.ProgramC && !want.match(s):
		return fmt.Sprintf("is %q, which is no file of C", s), "its name must end in .c; what is compiled already stands under exec"
	}
	return "", ""
}
