package compare

import (
	"testing"

	"kmatrix/matrix"
)

// TestTheSameBuild needs one configuration and one compiler, flags included.
func TestTheSameBuild(t *testing.T) {
	column := func(config, compiler string) Column {
		c := Column{Column: matrix.Column{ConfigDigest: config}}
		if compiler != "" {
			c.Built = &matrix.Built{Compiler: compiler}
		}
		return c
	}
	for _, test := range []struct {
		a, b Column
		same bool
	}{
		{column("x", "gcc 12"), column("x", "gcc 12"), true},
		{column("x", ""), column("x", ""), true},
		{column("x", "gcc 12"), column("x", "gcc 12 with -O3"), false},
		{column("x", "gcc 12"), column("y", "gcc 12"), false},
		{column("x", "gcc 12"), column("x", ""), false},
		{column("", "gcc 12"), column("", "gcc 12"), false},
	} {
		if got := sameBuild(test.a, test.b); got != test.same {
			t.Errorf("%+v and %+v: %v", test.a.Built, test.b.Built, got)
		}
	}
}
