package buildlog

import (
	"regexp"
	"slices"
	"strings"
)

// Reason is why a build failed.
type Reason struct {
	// Line is the line of the log that says why, of at most 300 bytes; "" where
	// none does.
	Line string
	// Hint is how it is mended, "" where the line says enough.
	Hint string
	// Lack is what this machine had too little of, [Nothing] in most logs.
	Lack Lack
	// Program and Header are what the log says is not there, a name such as bc
	// or openssl/bio.h; "" where nothing is missing. Whether this machine has it
	// decides whose fault that is.
	Program, Header string
}

// Lack is what a machine may have too little of for a build.
type Lack int

const (
	// Nothing: the log does not blame the machine.
	Nothing Lack = iota
	// Space: a disk, or a quota, was full.
	Space
	// Memory: a program got no memory, or was killed for want of it.
	Memory
)

// String returns the reason as one line, "" where there is none.
func (r Reason) String() string {
	if r.Hint == "" {
		return r.Line
	}
	return r.Line + ": " + r.Hint
}

// rank orders what may tell why a build failed, the most telling first.
type rank int

const (
	// ofMachine: without room or memory anything fails.
	ofMachine rank = iota
	// cause: the line names what the errors around it follow from.
	cause
	// ofTool: a compiler, an assembler or a linker refuses its input.
	ofTool
	// told: a program says that it failed. Builds try things out, so that not
	// each such line matters: the last one belongs to the recipe that failed.
	told
	ranks
)

// kind is a kind of line that tells why a build failed.
type kind struct {
	rank rank
	line *regexp.Regexp
	// with must be in the log, too; nil asks for nothing.
	with *regexp.Regexp
	// hint is how to correct it, in which $1 stands for line's first group.
	hint string
	lack Lack
	// ofWarnings has lines count that are warnings.
	ofWarnings bool
	// more completes the reason; it may be nil. m are the groups that matched, and
	// lines begin with the line itself.
	more func(r *Reason, m, lines []string)
}

// kinds are all of them; of those of one rank that match one line the first
// counts.
var kinds = slices.Concat(kindsOfHost, kindsOfTree, kindsOfBTF, kindsOfTools)

// Find returns why a build failed, from all that make printed, or a compiler
// alone. It is the zero Reason where nothing in it tells of a failure.
func Find(log string) Reason {
	lines, e := read(log)
	text := strings.Join(lines, "\n")
	if e.code == "127" { // a shell's, for a program that it does not find
		if r, ok := find(lines, []kind{notFound}, true); ok {
			return r
		}
	}
	for at := range ranks {
		of := slices.DeleteFunc(slices.Clone(kinds), func(k kind) bool {
			return k.rank != at || k.with != nil && !k.with.MatchString(text)
		})
		if at == told && e.text != "" {
			return Reason{Line: short(e.text)}
		}
		if r, ok := find(lines, of, at == told); ok {
			return r
		}
	}
	if !e.failed {
		return Reason{}
	}
	if line := last(lines); line != "" {
		return Reason{Line: short(line)}
	}
	return Reason{Line: short(e.line)}
}

// find returns the reason that the first of the lines gives that is of one of
// the kinds, or the last.
func find(lines []string, of []kind, backwards bool) (Reason, bool) {
	for n := range lines {
		i := n
		if backwards {
			i = len(lines) - 1 - n
		}
		line := lines[i]
		if line == "" || quiet.MatchString(line) || summary.MatchString(line) || context.MatchString(line) {
			continue
		}
		warning := strings.Contains(line, "warning: ")
		for _, k := range of {
			if warning && !k.ofWarnings {
				continue
			}
			m := k.line.FindStringSubmatchIndex(line)
			if m == nil {
				continue
			}
			r := Reason{Line: short(line), Hint: string(k.line.ExpandString(nil, k.hint, line, m)), Lack: k.lack}
			if k.more != nil {
				k.more(&r, k.line.FindStringSubmatch(line), lines[i:])
			}
			return r, true
		}
	}
	return Reason{}, false
}
