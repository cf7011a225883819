package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"kmatrix/matrix"
)

// origin checks that a kernel has a source of its own or that of a base, and
// not both.
func (p *reader) origin(n ast.Node, key string, k matrix.Kernel) {
	own := k.Source.Fields != nil
	switch {
	case own && k.Base != "":
		p.problem(line(n), key, "has both source and base", "base takes the source of another kernel: leave one of them out")
	case !own && k.Base == "":
		p.problem(line(n), join(key, "source"), "is missing", "or name another kernel as base, for its source")
	case k.Base != "" && len(k.Series) == 0:
		p.problem(line(n), join(key, "series"), "is missing", "without it the kernel is its base")
	}
}

// resolveBases gives each kernel that has a base the base's source and build
// and, before its own, the base's series, so that its base is one with a source
// of its own.
func (p *reader) resolveBases() {
	kernels := p.spec.Kernels
	find := func(name string) int {
		return slices.IndexFunc(kernels, func(k matrix.Kernel) bool { return k.Name == name })
	}
	for i := range kernels {
		at, key := p.baseOf[i], fmt.Sprintf("kernels[%d].base", i)
		if at == nil || kernels[i].Base == "" {
			continue
		}
		var chain []string
		for root := i; kernels[root].Source.Kind == ""; {
			chain = append(chain, kernels[root].Name)
			next := find(kernels[root].Base)
			if next < 0 {
				var names []string
				for _, k := range kernels {
					names = append(names, k.Name)
				}
				if root == i {
					p.problem(line(at), key, fmt.Sprintf("is %q, which is no kernel of this file", kernels[i].Base), allowed(kernels[i].Base, names))
				}
				break
			}
			if slices.Contains(chain, kernels[next].Name) {
				p.problem(line(at), key, "leads back to itself: "+strings.Join(append(chain, kernels[next].Name), ", "), "")
				break
			}
			root = next
		}
	}
	if len(p.problems) > 0 {
		return
	}
	done := map[int]bool{}
	var resolve func(i int)
	resolve = func(i int) {
		if done[i] || p.baseOf[i] == nil {
			return
		}
		done[i] = true
		k, base := &kernels[i], find(kernels[i].Base)
		resolve(base)
		b := kernels[base]
		if !slices.ContainsFunc(p.known.Sources, func(s matrix.SourceKind) bool { return s.Name == b.Source.Kind && s.Builds }) {
			p.problem(line(p.baseOf[i]), fmt.Sprintf("kernels[%d].base", i), fmt.Sprintf("is %q, whose source is not built", k.Base), "a series needs source code: tarball, tree and the like")
			return
		}
		k.Source, k.Base, k.Series = b.Source, b.SourceOf(), append(slices.Clone(b.Series), k.Series...)
		if p.buildOf[i] == nil {
			k.Build, p.buildOf[i] = b.Build, p.buildOf[base]
		}
	}
	for i := range kernels {
		resolve(i)
	}
}
