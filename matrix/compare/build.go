package compare

import (
	"regexp"
	"slices"
)

// BuildDifference is how the builds of two columns differ, as far as their costs may
// depend on it: by compiler, with its flags, and by the options of the configuration.
// Comments of a configuration, which name the kernel's version, are no part of it. It
// is made by [Comparison.BuildDifference].
type BuildDifference struct {
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
func (d BuildDifference) Comparable() bool {
	return d.Compiler == d.Other && len(d.Options) == 0 && !d.Unknown
}

// BuildDifference returns how the build of one column differs from another's.
func (c Comparison) BuildDifference(column, other int) *BuildDifference {
	if d, ok := c.BuildDifferences[[2]int{column, other}]; ok {
		return d
	}
	return buildDifference(c.Columns[column], c.Columns[other])
}

// build compares the builds of all columns that are set against each other, once:
// configurations have thousands of options.
func (c *Comparison) build() {
	c.BuildDifferences = map[[2]int]*BuildDifference{}
	baseline := c.baseline()
	for i := range c.Columns {
		for _, other := range []int{baseline, c.BaseOf(i)} {
			if other >= 0 && other != i && !c.Columns[i].Absent() {
				c.BuildDifferences[[2]int{i, other}] = buildDifference(c.Columns[i], c.Columns[other])
			}
		}
	}
}

// BuildFinding is how the build of a column is beside that of another.
type BuildFinding struct {
	Kernel  string
	Against Reference
	*BuildDifference
}

// Builds lists where builds differ of columns whose costs are to be set against each
// other, in the columns' order; none of a run without costs.
func (c Comparison) Builds() []BuildFinding {
	var list []BuildFinding
	baseline := c.baseline()
	for i, col := range c.Columns {
		measured := func(r Row) bool { return r.Cells[i].Sample() != nil }
		if col.Absent() || !slices.ContainsFunc(c.Rows, measured) {
			continue
		}
		base := c.BaseOf(i)
		for _, other := range slices.Compact([]int{base, baseline}) {
			if other < 0 || other == i || c.Columns[other].Absent() {
				continue
			}
			if d := c.BuildDifference(i, other); !d.Comparable() || len(d.Alone) > 0 {
				list = append(list, BuildFinding{col.Name, Reference{c.Columns[other].Name, other == base}, d})
			}
		}
	}
	return list
}

func buildDifference(a, b Column) *BuildDifference {
	d := &BuildDifference{}
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
func compiler(c Column, o options) string {
	if c.Built != nil {
		return c.Built.Compiler
	}
	return o.compiler()
}
