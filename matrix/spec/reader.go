package spec

import (
	"github.com/goccy/go-yaml/ast"

	"kmatrix/matrix"
)

// Limits of machines. A guest with less memory does not unpack its initramfs;
// QEMU's q35 has places for 255 CPUs.
const (
	minMemoryMiB, maxMemoryMiB = 192, 1 << 20
	maxCPUs                    = 255
)

// MaxBoots is how many fresh boots of a cell are taken, here and by --boots.
const MaxBoots = 1000

// Default is the machine of a file that names none, and of keys that are left
// out. Its boots are nobody's choice: they depend on the clock, which is found out
// later.
var Default = matrix.Machine{Name: "default", MemoryMiB: 512, CPUs: 1, Accel: matrix.AccelAuto, Clock: matrix.ClockAuto, CPU: "max", Isolate: matrix.IsolateAuto, Probes: []string{"..."}}

// reader turns the document into a Spec, gathering problems.
type reader struct {
	known    Known
	spec     *Spec
	problems []Problem
	// runBoots is run.boots, for machines that say none; 0 where it is not said.
	runBoots int
	// baseline is the key's node; the others are those of each kernel that has
	// the key, by its place.
	baseline                  ast.Node
	buildOf, baseOf, seriesOf map[int]ast.Node
	// configOf are the nodes of builds' config, by the builds' names.
	configOf map[string]ast.Node
}

func newReader(known Known, s *Spec) *reader {
	return &reader{
		known: known, spec: s,
		buildOf: map[int]ast.Node{}, baseOf: map[int]ast.Node{}, seriesOf: map[int]ast.Node{},
		configOf: map[string]ast.Node{},
	}
}

// read reads the document.
func (p *reader) read(text []byte) {
	root := p.root(text)
	if root == nil {
		return
	}
	p.readExternal(root)
	p.readMapping(p.document(), root, "")
	p.finish()
}
