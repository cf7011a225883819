package compare

import (
	"slices"

	"kmatrix/matrix"
)

// tells reports whether a run tells a class from the others. One that names no classes
// is from before there was [matrix.Clobbered], and tells all but that.
func tells(run *matrix.Run, class matrix.Class) bool {
	if run.Classes == nil {
		return class != matrix.Clobbered
	}
	return slices.Contains(run.Classes, class)
}

// plain reports whether the columns are compared without [matrix.Clobbered], because the
// run of one of them tells it and that of another does not.
func (c Comparison) plain() bool {
	var told, untold bool
	for _, col := range c.Columns {
		told = told || tells(col.of, matrix.Clobbered)
		untold = untold || !tells(col.of, matrix.Clobbered)
	}
	return told && untold
}

// seen returns the class and the outcome of an observation as the cell is compared:
// those of the result or, where another column's run tells no clobbered bytes from
// zeroed ones, those that such a run would have. It did not read the source again,
// either.
func (c Cell) seen(r matrix.Result) (matrix.Class, matrix.Outcome) {
	o := r.Observation
	if !c.Plain || stress(r) {
		return o.Class, r.Outcome
	}
	class := unclobbered(*o)
	switch {
	case r.Outcome != matrix.Pass && r.Outcome != matrix.Fail:
		return class, r.Outcome
	case c.Contract.Allows(class):
		return class, matrix.Pass
	}
	return class, matrix.Fail
}

// unclobbered returns the class of an observation whose clobbered bytes count as zeroed:
// that is what nearly all of them are.
func unclobbered(o matrix.Observation) matrix.Class {
	switch {
	case o.Class != matrix.Clobbered:
		return o.Class
	case o.New > 0:
		return matrix.Mixed
	}
	return matrix.Zeroed
}

// source returns what became of an observation's source where that is not intact, and is
// compared.
func (c Cell) source(r matrix.Result) matrix.SourceState {
	if c.Plain || r.Observation.Source == matrix.SourceIntact {
		return ""
	}
	return r.Observation.Source
}
