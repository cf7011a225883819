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

// builds takes the named builds.
func (p *reader) builds() value {
	buildNames := names{object{"pattern": namePattern.schema()["pattern"], "maxLength": namePattern.most}, func(name string) (what, hint string) {
		if !namePattern.match(name) {
			return "is no name", nameHint
		}
		return "", ""
	}}
	return p.table("from names to builds", buildNames, func(name string) value {
		b := matrix.Build{Name: name, Config: p.known.Build.Config}
		grammar := p.build(&b)
		return value{grammar.schema(), func(n ast.Node, key string) {
			p.readMapping(grammar, n, key)
			p.spec.Builds = append(p.spec.Builds, b)
		}}
	})
}

// build is the grammar of one build.
func (p *reader) build(b *matrix.Build) mapping {
	var at ast.Node
	config := p.noted(p.text(&b.Config, someText, "want tiny, defconfig, kernel:NAME, or the path of a configuration"), &at)
	fragments := orEmpty(p.texts(&b.Fragments, 0, anyText, "")) // no fragment at all is a choice
	b.Fragments = p.known.Build.Fragments
	return mapping{fields: []field{
		{name: "config", doc: "tiny, defconfig, kernel:NAME for the one of a kernel that comes built, or the path of a configuration", value: value{config.schema, func(n ast.Node, key string) {
			config.read(n, key)
			p.configOf[b.Name] = at
		}}},
		{name: "fragments", doc: "paths of fragments, or kmatrix.config, applied on top in this order", value: value{fragments.schema, func(n ast.Node, key string) {
			b.Fragments = nil
			fragments.read(n, key)
		}}},
		{name: "make", doc: "variables for make, such as CC", value: p.variables(&b.Make)},
		{name: "jobs", doc: "how many compilers run at once (default: as many as CPUs)", value: p.number(&b.Jobs, maxJobs)},
	}}
}

// maxJobs is more than any machine has CPUs.
const maxJobs = 4096

// reserved are make's variables that the build sets itself.
var reserved = []string{"O", "INSTALL_MOD_PATH", "INSTALL_MOD_STRIP", "DEPMOD"}

// words are what variables of make's hold: words, options and paths. Make expands a
// value, and recipes hand it to a shell; nothing in one may be carried out by either.
const words = `A-Za-z0-9 _=+,./:@%^~-`

var (
	// variablePattern is what make's variables are called. An argument that begins
	// with anything else is no variable to make.
	variablePattern = newPattern(`[A-Za-z_][A-Za-z0-9_]*`, 0)
	wordsPattern    = newPattern(`[`+words+`]*`, 0)
	oddRE           = regexp.MustCompile(`[^` + words + `]`)
)

// variables takes make's variables.
func (p *reader) variables(to *map[string]string) value {
	keys := names{object{"not": object{"enum": reserved}, "pattern": variablePattern.schema()["pattern"]}, func(name string) (what, hint string) {
		switch {
		case slices.Contains(reserved, name):
			return "cannot be set", "the build sets " + strings.Join(reserved, ", ") + " itself"
		case !variablePattern.match(name):
			return "is no variable of make's", "names have letters, digits and _"
		}
		return "", ""
	}}
	return p.table("from variables to text", keys, func(name string) value {
		return value{wordsPattern.schema(), func(n ast.Node, key string) {
			s, ok := p.line(n, key)
			if odd := oddRE.FindString(s); odd != "" {
				p.problem(line(n), key, fmt.Sprintf("holds %s, which make or a shell would read as more than text", strconv.Quote(odd)), `want words, options and paths, for example "gcc -std=gnu11"`)
			} else if ok {
				if *to == nil {
					*to = map[string]string{}
				}
				(*to)[name] = s
			}
		}}
	})
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
