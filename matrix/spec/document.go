package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"kmatrix/matrix"
)

// document is the grammar of the whole file.
func (p *reader) document() mapping {
	return mapping{fields: []field{
		{name: "version", required: true, doc: fmt.Sprintf("the version of this format, %d", Version), value: p.version()},
		{name: "kernels", required: true, doc: "the columns", value: p.kernels()},
		{name: "machines", doc: "the guests that each kernel is booted in (default: one that is asked every probe)", value: p.machines()},
		{name: "baseline", required: true, doc: "the name of the kernel that the others are compared with", value: p.noted(p.text(&p.spec.Baseline, anyText, ""), &p.baseline)},
		{name: "builds", doc: "how source code is built, by name", value: p.builds()},
		{name: "external", doc: "tests of your own, each of which is the probe external/NAME", value: p.external()},
		{name: "rewrite", doc: "beginnings of URLs, and what stands in their place", value: p.rewrite()},
		{name: "debian", doc: "Debian's mirror, where apt's configuration names none", value: p.mapping(p.debian())},
		{name: "run", doc: "what kmatrix run does unless its flags say otherwise", value: p.mapping(mapping{fields: []field{
			{name: "boots", doc: "how many fresh boots each cell gets, on machines that do not say", value: p.boots(&p.runBoots)},
			{name: "probes", doc: "patterns of the probes that are asked unless -p or --all-probes says otherwise", value: p.probes(&p.spec.Probes)},
		}})},
	}}
}

// noted has a value that is read note its node.
func (p *reader) noted(v value, at *ast.Node) value {
	return value{v.schema, func(n ast.Node, key string) {
		*at = n
		v.read(n, key)
	}}
}

func (p *reader) version() value {
	return value{object{"const": Version}, func(n ast.Node, key string) {
		if i, ok := n.(*ast.IntegerNode); !ok || i.GetToken().Value != strconv.Itoa(Version) {
			p.problem(line(n), key, "is "+describe(n), fmt.Sprintf("this kmatrix reads version %d", Version))
		}
	}}
}

// debian is the grammar of debian:.
func (p *reader) debian() mapping {
	url := func(to *string) value {
		return p.text(to, urlPattern, "want a URL that begins with http:// or https://")
	}
	return mapping{fields: []field{
		{name: "mirror", required: true, doc: "the URL of Debian's archive", value: url(&p.spec.Debian.Mirror)},
		{name: "security", doc: "the URL of its security updates", value: url(&p.spec.Debian.Security)},
		{name: "keyring", doc: "a file with the keys that sign them", value: p.text(&p.spec.Debian.Keyring, pathPattern, "want an absolute path")},
	}}
}

// rewrite takes {BEGINNING: REPLACEMENT}.
func (p *reader) rewrite() value {
	beginnings := names{object{"pattern": "://"}, func(from string) (what, hint string) {
		if !strings.Contains(from, "://") {
			return "is no beginning of a URL", "write it with its scheme, as https://…"
		}
		return "", ""
	}}
	return p.table("from beginnings of URLs to what stands in their place", beginnings, func(from string) value {
		var to string
		v := p.text(&to, anyText, "")
		return value{v.schema, func(n ast.Node, key string) {
			v.read(n, key)
			if p.spec.Rewrite == nil {
				p.spec.Rewrite = map[string]string{}
			}
			p.spec.Rewrite[from] = to
		}}
	})
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
	if slices.ContainsFunc(p.spec.Kernels, func(k matrix.Kernel) bool { return k.Name == p.spec.Baseline && k.OnRequest }) {
		p.problem(line(p.baseline), "baseline", fmt.Sprintf("is %q, which a run takes only where -k names it", p.spec.Baseline), "take default: false from that kernel, or name another")
	}
	p.spec.Debian.Mirror, p.spec.Debian.Security = strings.TrimRight(p.spec.Debian.Mirror, "/"), strings.TrimRight(p.spec.Debian.Security, "/")
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
