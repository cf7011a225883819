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

// Names of kernels and machines are parts of cell ids and of file names.
const (
	namePattern = `[A-Za-z0-9][A-Za-z0-9._+-]*`
	nameLength  = 40
)

// sizePattern is what memory: and scratch: take.
const sizePattern = `[1-9][0-9]*(M|G|MiB|GiB)`

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

var (
	nameRE = regexp.MustCompile(`^` + namePattern + `$`)
	sizeRE = regexp.MustCompile(`^` + sizePattern + `$`)

	externalRE  = regexp.MustCompile(`^` + externalPattern + `$`)
	durationRE  = regexp.MustCompile(`^` + durationPattern + `$`)
	selftestsRE = regexp.MustCompile(`^` + selftestsPattern + `$`)
)

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

func (p *reader) document(text []byte) {
	root := p.root(text)
	if root == nil {
		return
	}
	p.buildOf, p.baseOf, p.seriesOf = map[int]ast.Node{}, map[int]ast.Node{}, map[int]ast.Node{}
	p.configOf = map[string]ast.Node{}
	p.externals(root)
	p.mapping(root, "", map[string]field{
		"external": func(ast.Node, string) {}, // it has been read
		"version": func(n ast.Node, key string) {
			if i, ok := n.(*ast.IntegerNode); !ok || i.GetToken().Value != strconv.Itoa(Version) {
				p.problem(line(n), key, "is "+describe(n), fmt.Sprintf("this kmatrix reads version %d", Version))
			}
		},
		"kernels":  func(n ast.Node, key string) { p.list(n, key, p.kernel) },
		"machines": func(n ast.Node, key string) { p.list(n, key, p.machine) },
		"baseline": func(n ast.Node, key string) {
			p.spec.Baseline, _ = p.text(n, key)
			p.baseline = n
		},
		"builds":  p.builds,
		"rewrite": p.rewrite,
		"debian":  p.debian,
		"run": func(n ast.Node, key string) {
			p.mapping(n, key, map[string]field{
				"boots": func(n ast.Node, key string) { p.runBoots = p.boots(n, key) },
				"probes": func(n ast.Node, key string) {
					p.list(n, key, func(n ast.Node, key string) { p.spec.Probes = append(p.spec.Probes, p.pattern(n, key)) })
				},
			})
		},
	}, "version", "kernels", "baseline")
	p.finish()
}

// finish checks what only the whole document tells.
func (p *reader) finish() {
	var kernels []string
	for _, k := range p.spec.Kernels {
		kernels = append(kernels, k.Name)
	}
	// A name that is wrong itself may be the one that is meant.
	if b := p.spec.Baseline; b != "" && len(kernels) > 0 && !slices.Contains(kernels, "") && !slices.Contains(kernels, b) {
		p.problem(line(p.baseline), "baseline", fmt.Sprintf("is %q, which is no kernel of this file", b), allowed(b, kernels))
	}
	p.resolveBases()
	p.resolveBuilds()
	if len(p.spec.Machines) == 0 {
		p.spec.Machines = []matrix.Machine{Default}
	}
	for i := range p.spec.Machines {
		if p.spec.Machines[i].Boots == 0 {
			p.spec.Machines[i].Boots = p.runBoots
		}
	}
}

func (p *reader) kernel(n ast.Node, key string) {
	var k matrix.Kernel
	p.mapping(n, key, map[string]field{
		"name": func(n ast.Node, key string) {
			k.Name = p.name(n, key)
			if k.Name != "" && slices.ContainsFunc(p.spec.Kernels, func(o matrix.Kernel) bool { return o.Name == k.Name }) {
				p.problem(line(n), key, fmt.Sprintf("is %q, as another kernel's", k.Name), "names must differ")
			}
		},
		"contract": func(n ast.Node, key string) {
			var words []string
			for _, c := range matrix.Contracts {
				words = append(words, string(c))
			}
			k.Contract = matrix.Contract(p.choice(n, key, words))
		},
		"source": func(n ast.Node, key string) { k.Source = p.source(n, key) },
		"build": func(n ast.Node, key string) {
			k.Build, _ = p.text(n, key)
			p.buildOf[len(p.spec.Kernels)] = n
		},
		"append": func(n ast.Node, key string) { k.Append, _ = p.text(n, key) },
		"known":  func(n ast.Node, key string) { k.Known = p.titles(n, key) },
		"ignore": func(n ast.Node, key string) { k.Ignore = p.titles(n, key) },
		"base": func(n ast.Node, key string) {
			k.Base, _ = p.text(n, key)
			p.baseOf[len(p.spec.Kernels)] = n
		},
		"series": func(n ast.Node, key string) {
			p.seriesOf[len(p.spec.Kernels)] = n
			p.list(n, key, func(n ast.Node, key string) {
				s, ok := p.text(n, key)
				if ok && s == "" {
					p.problem(line(n), key, "is empty", "want the path or URL of an mbox, a saved thread, or a directory of patches")
				}
				k.Series = append(k.Series, s)
			})
		},
	}, "name")
	p.origin(n, key, k)
	p.spec.Kernels = append(p.spec.Kernels, k)
}

func (p *reader) name(n ast.Node, key string) string {
	s, ok := p.text(n, key)
	if ok && (!nameRE.MatchString(s) || len(s) > nameLength) {
		p.problem(line(n), key, fmt.Sprintf("is %q", s), fmt.Sprintf("names have letters, digits and . _ + -, begin with a letter or a digit and are at most %d long", nameLength))
		return ""
	}
	return s
}

// source reads {KIND: VALUE, …}: exactly one of its keys is a kind.
func (p *reader) source(n ast.Node, key string) matrix.Source {
	s := matrix.Source{Fields: map[string]string{}}
	var kinds []string
	for _, k := range p.known.Sources {
		kinds = append(kinds, k.Name)
	}
	m, ok := n.(ast.MapNode)
	if !ok {
		p.problem(line(n), key, "is "+describe(n)+", want a mapping", "its first key is one of "+strings.Join(kinds, ", "))
		return s
	}
	var found, all []string
	for it := m.MapRange(); it.Next(); {
		name := it.Key().GetToken().Value
		all = append(all, name)
		if slices.Contains(kinds, name) {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		what := "names no kind of source"
		if len(found) > 1 {
			what = "names more than one kind of source: " + strings.Join(found, ", ")
		}
		hint := "one of its keys must be " + strings.Join(kinds, ", ")
		for _, a := range all {
			if near := nearest(a, kinds); near != "" && len(found) == 0 {
				hint = fmt.Sprintf("did you mean %q? ", near) + hint
			}
		}
		p.problem(line(n), key, what, hint)
		return s
	}
	s.Kind = found[0]
	kind := p.known.Sources[slices.IndexFunc(p.known.Sources, func(k matrix.SourceKind) bool { return k.Name == s.Kind })]
	fields, required := map[string]field{}, []string{}
	for _, f := range kind.Fields {
		fields[f.Name] = func(n ast.Node, key string) {
			v, ok := p.text(n, key)
			if ok && (v == "" || f.Pattern != "" && !regexp.MustCompile(`^(?:`+f.Pattern+`)$`).MatchString(v)) {
				p.problem(line(n), key, fmt.Sprintf("is %q", v), fmt.Sprintf("%s, for example %s", f.Doc, f.Example))
			}
			s.Fields[f.Name] = v
		}
		if f.Required {
			required = append(required, f.Name)
		}
	}
	p.mapping(n, key, fields, required...)
	return s
}

func (p *reader) pattern(n ast.Node, key string) string {
	s, ok := p.text(n, key)
	if ok && !slices.ContainsFunc(p.known.Probes, func(k matrix.Probe) bool { return matrix.Match(s, k.Name) }) {
		p.problem(line(n), key, fmt.Sprintf("is %q, which matches no probe", s), unknownPattern(s, p.known.Probes))
	}
	return s
}

// unknownPattern says what a pattern may have meant.
func unknownPattern(s string, probes []matrix.Probe) string {
	var all []string
	for _, k := range probes {
		all = append(all, k.Name)
	}
	if n := nearest(s, all); n != "" {
		return fmt.Sprintf("did you mean %q? kmatrix probes lists them", n)
	}
	return "kmatrix probes lists them; ... at the end stands for any rest, * for one element"
}

func (p *reader) debian(n ast.Node, key string) {
	url := func(to *string) field {
		return func(n ast.Node, key string) {
			s, ok := p.text(n, key)
			if ok && !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
				p.problem(line(n), key, fmt.Sprintf("is %q", s), "want a URL that begins with http:// or https://")
			}
			*to = strings.TrimRight(s, "/")
		}
	}
	p.mapping(n, key, map[string]field{
		"mirror":   url(&p.spec.Debian.Mirror),
		"security": url(&p.spec.Debian.Security),
		"keyring": func(n ast.Node, key string) {
			if s, ok := p.text(n, key); ok && !strings.HasPrefix(s, "/") {
				p.problem(line(n), key, fmt.Sprintf("is %q", s), "want an absolute path")
			} else {
				p.spec.Debian.Keyring = s
			}
		},
	}, "mirror")
}

// rewrite reads {BEGINNING: REPLACEMENT}.
func (p *reader) rewrite(n ast.Node, key string) {
	m, ok := n.(ast.MapNode)
	if !ok {
		p.problem(line(n), key, "is "+describe(n)+", want a mapping from beginnings of URLs to what stands in their place", "")
		return
	}
	p.spec.Rewrite = map[string]string{}
	for it := m.MapRange(); it.Next(); {
		from := it.Key().GetToken().Value
		if !strings.Contains(from, "://") {
			p.problem(line(it.Key()), join(key, from), "is no beginning of a URL", "write it with its scheme, as https://…")
		}
		if to, ok := p.text(it.Value(), join(key, from)); ok {
			p.spec.Rewrite[from] = to
		}
	}
}
