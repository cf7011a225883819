package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"kmatrix/matrix"
)

// builds reads the named builds.
func (p *reader) builds(n ast.Node, key string) {
	m, ok := n.(ast.MapNode)
	if !ok {
		p.problem(line(n), key, "is "+describe(n)+", want a mapping from names to builds", "")
		return
	}
	for it := m.MapRange(); it.Next(); {
		name := it.Key().GetToken().Value
		at := join(key, name)
		if !nameRE.MatchString(name) || len(name) > nameLength {
			p.problem(line(it.Key()), at, "is no name", "names have letters, digits and . _ + -")
		}
		b := matrix.Build{Name: name, Config: p.known.Build.Config, Fragments: p.known.Build.Fragments}
		p.mapping(it.Value(), at, map[string]field{
			"config": func(n ast.Node, key string) {
				s, ok := p.text(n, key)
				if ok && s == "" {
					p.problem(line(n), key, "is empty", "want tiny, defconfig, kernel:NAME, or the path of a configuration")
				}
				b.Config = s
				p.configOf[name] = n
			},
			"fragments": func(n ast.Node, key string) {
				b.Fragments = nil
				if s, ok := n.(*ast.SequenceNode); ok && len(s.Values) == 0 {
					return // no fragment at all is a choice
				}
				p.list(n, key, func(n ast.Node, key string) {
					if s, ok := p.text(n, key); ok {
						b.Fragments = append(b.Fragments, s)
					}
				})
			},
			"make": func(n ast.Node, key string) { b.Make = p.variables(n, key) },
			"jobs": func(n ast.Node, key string) { b.Jobs = p.number(n, key, 1, maxJobs) },
		})
		p.spec.Builds = append(p.spec.Builds, b)
	}
}

// maxJobs is more than any machine has CPUs.
const maxJobs = 4096

// reserved are make's variables that the build sets itself.
var reserved = []string{"O", "INSTALL_MOD_PATH", "INSTALL_MOD_STRIP", "DEPMOD"}

const (
	// variablePattern is what make's variables are called. An argument that begins
	// with anything else is no variable to make.
	variablePattern = `[A-Za-z_][A-Za-z0-9_]*`
	// wordsPattern is what they hold: words, options and paths. Make expands a
	// value, and recipes hand it to a shell; nothing in one may be carried out by
	// either.
	wordsPattern = `[A-Za-z0-9 _=+,./:@%^~-]*`
)

var (
	variableRE = regexp.MustCompile("^" + variablePattern + "$")
	odd        = regexp.MustCompile(strings.Replace(strings.TrimSuffix(wordsPattern, "*"), "[", "[^", 1))
)

// variables reads make's variables.
func (p *reader) variables(n ast.Node, key string) map[string]string {
	m, ok := n.(ast.MapNode)
	if !ok {
		p.problem(line(n), key, "is "+describe(n)+", want a mapping from variables to text", "")
		return nil
	}
	list := map[string]string{}
	for it := m.MapRange(); it.Next(); {
		name := it.Key().GetToken().Value
		at := join(key, name)
		switch {
		case slices.Contains(reserved, name):
			p.problem(line(it.Key()), at, "cannot be set", "the build sets "+strings.Join(reserved, ", ")+" itself")
			continue
		case !variableRE.MatchString(name):
			p.problem(line(it.Key()), at, "is no variable of make's", "names have letters, digits and _")
			continue
		}
		s, ok := p.text(it.Value(), at)
		if bad := odd.FindString(s); bad != "" {
			p.problem(line(it.Value()), at, fmt.Sprintf("holds %s, which make or a shell would read as more than text", strconv.Quote(bad)), `want words, options and paths, for example "gcc -std=gnu11"`)
			continue
		}
		if ok {
			list[name] = s
		}
	}
	return list
}

// resolveBuilds gives each kernel that is built its build, and refuses one
// where there is nothing to build.
func (p *reader) resolveBuilds() {
	p.spec.Builds = append(p.spec.Builds, p.known.Build)
	var names []string
	for _, b := range p.spec.Builds {
		names = append(names, b.Name)
		p.configKernel(b)
	}
	for i := range p.spec.Kernels {
		k := &p.spec.Kernels[i]
		at, key := p.buildOf[i], fmt.Sprintf("kernels[%d].build", i)
		builds := slices.ContainsFunc(p.known.Sources, func(s matrix.SourceKind) bool { return s.Name == k.Source.Kind && s.Builds })
		if k.Source.Kind != "" && !builds && len(k.Series) > 0 {
			p.problem(line(p.seriesOf[i]), fmt.Sprintf("kernels[%d].series", i), "stands with a source that is not built", "a series needs source code: tarball, tree and the like")
		}
		switch {
		case at == nil && builds:
			k.Build = p.known.Build.Name
		case at == nil || k.Source.Kind == "":
		case !builds:
			p.problem(line(at), key, "stands with a source that is not built", "leave it out, or take a source that is source code")
		case !slices.Contains(names, k.Build):
			p.problem(line(at), key, fmt.Sprintf("is %q, which is no build of this file", k.Build), allowed(k.Build, names))
		}
	}
}

// configKernel checks the kernel whose configuration a build begins with: it
// is one that is not built itself, so that no build waits for another.
func (p *reader) configKernel(b matrix.Build) {
	name := b.ConfigKernel()
	if name == "" {
		return
	}
	at, key := p.configOf[b.Name], join(join("builds", b.Name), "config")
	var ready []string
	for _, k := range p.spec.Kernels {
		if slices.ContainsFunc(p.known.Sources, func(s matrix.SourceKind) bool { return s.Name == k.Source.Kind && !s.Builds }) {
			ready = append(ready, k.Name)
		}
	}
	hint := "add a kernel of the kind deb"
	if len(ready) > 0 {
		hint = allowed(name, ready)
	}
	if !slices.Contains(ready, name) {
		p.problem(line(at), key, fmt.Sprintf("is the configuration of %q, which is no kernel of this file that comes built", name), hint)
	}
}
