// Package builds says how two kernels were built differently, as far as their costs may
// depend on it: by compiler, and by the options of their configurations.
package builds

import (
	"regexp"

	"kmatrix/matrix"
)

// Difference is how the builds of two columns differ: by compiler, with its flags, and
// by the options of the configuration. Comments of a configuration, which name the
// kernel's version, are no part of it.
type Difference struct {
	// Compiler and Other are the compilers, where they differ.
	Compiler string `json:"compiler,omitempty"`
	Other    string `json:"other_compiler,omitempty"`
	// Options are those that both configurations know and set differently.
	Options []Option `json:"options,omitempty"`
	// Alone are those that one of them alone knows: they came with a release, or went.
	// The other has nothing to set them to, so that they forbid no comparison.
	Alone []Option `json:"alone,omitempty"`
	// Unknown tells that the configurations are not the same and that the options, or
	// the compiler, of one of them are not known: runs that were stored before
	// configurations were have its digest alone, and some images come without one.
	Unknown bool `json:"unknown,omitempty"`
}

// Comparable reports whether costs of the two may be set against each other.
func (d Difference) Comparable() bool {
	return d.Compiler == d.Other && len(d.Options) == 0 && !d.Unknown
}

// Compare returns how the build of a column differs from that of b.
func Compare(a, b matrix.Column) *Difference {
	d := &Difference{}
	one := a.ConfigDigest != "" && a.ConfigDigest == b.ConfigDigest
	var ours, theirs options
	if !one || (a.Built == nil) != (b.Built == nil) {
		ours, theirs = parseOptions(a.Config), parseOptions(b.Config)
	}
	switch x, y := compiler(a, ours), compiler(b, theirs); {
	case x == "" && y == "": // one configuration has one compiler
	case x == "" || y == "":
		d.Unknown = true
	case program.ReplaceAllString(x, "(") != program.ReplaceAllString(y, "("):
		d.Compiler, d.Other = x, y
	}
	switch {
	case one:
	case len(ours) == 0 || len(theirs) == 0:
		d.Unknown = true
	default:
		d.Options, d.Alone = ours.beside(theirs)
	}
	return d
}

// program is the name by which a compiler was called, before who packaged it: what it
// is called by makes no other of it.
var program = regexp.MustCompile(`^[^ ]*(gcc|clang|cc)[^ ]* \(`)

// compiler returns what the column was built by, with its flags where it was built
// here; "" where that is not known.
func compiler(c matrix.Column, o options) string {
	if c.Built != nil {
		return c.Built.Compiler
	}
	return o.compiler()
}
