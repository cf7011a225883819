package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"kmatrix/matrix"
)

// kernels takes the list of kernels.
func (p *reader) kernels() value {
	return elements(p, 0, matrix.Kernel{}, p.kernel, func(k matrix.Kernel, n ast.Node, key string) {
		p.origin(n, key, k)
		p.spec.Kernels = append(p.spec.Kernels, k)
	})
}

// kernel is the grammar of an element of kernels:.
func (p *reader) kernel(k *matrix.Kernel) mapping {
	// at notes the node of a key of the kernel that is read.
	at := func(nodes map[int]ast.Node, v value) value {
		return value{v.schema, func(n ast.Node, key string) {
			nodes[len(p.spec.Kernels)] = n
			v.read(n, key)
		}}
	}
	return mapping{
		fields: []field{
			{name: "name", required: true, doc: "the column's name; in quotes, or 5.10 is the number 5.1", value: p.name(&k.Name, "kernel", func(name string) bool {
				return slices.ContainsFunc(p.spec.Kernels, func(o matrix.Kernel) bool { return o.Name == name })
			})},
			{name: "contract", doc: "what the kernel promises about data that a call has moved", value: choice(p, &k.Contract, matrix.Contracts)},
			{name: "source", doc: "where the kernel comes from", value: p.source(&k.Source)},
			{name: "default", doc: "false: a run takes the kernel only where -k names it (default: true)", value: p.truth(&k.OnRequest, false)},
			{name: "append", doc: "more words for the kernel's command line", value: p.text(&k.Append, anyText, "")},
			{name: "known", doc: "titles of reports of the kernel's own trouble that are known, with * for any text", value: p.titles(&k.Known)},
			{name: "ignore", doc: "titles of reports that are left out, with * for any text", value: p.titles(&k.Ignore)},
			{name: "build", doc: "the build of a source that is built (default: a small configuration of what the probes need)", value: at(p.buildOf, p.text(&k.Build, namePattern, nameHint))},
			{name: "base", doc: "the kernel whose source and build it has, in place of a source", value: at(p.baseOf, p.text(&k.Base, namePattern, nameHint))},
			{name: "series", doc: "patches on top: paths or URLs of mboxes, mails, patches or saved threads, each maybe compressed, or of directories of these", value: at(p.seriesOf, p.texts(&k.Series, 0, someText, "want the path or URL of an mbox, a saved thread, or a directory of patches"))},
		},
		rule: object{"oneOf": []object{{"required": []string{"source"}}, {"required": []string{"base", "series"}}}},
	}
}

// name takes the name of what is listed; taken reports whether another has it.
func (p *reader) name(to *string, of string, taken func(name string) bool) value {
	v := p.text(to, namePattern, nameHint)
	return value{v.schema, func(n ast.Node, key string) {
		v.read(n, key)
		if *to != "" && taken(*to) {
			p.problem(line(n), key, fmt.Sprintf("is %q, as another %s's", *to, of), "names must differ")
		}
	}}
}

// source takes {KIND: VALUE, …}: exactly one of its keys is a kind.
func (p *reader) source(to *matrix.Source) value {
	var kinds []string
	var schemas []object
	for _, k := range p.known.Sources {
		kinds = append(kinds, k.Name)
		schemas = append(schemas, p.sourceKind(k, nil).schema())
	}
	return value{object{"oneOf": schemas}, func(n ast.Node, key string) {
		to.Fields = map[string]string{}
		m, ok := n.(ast.MapNode)
		if !ok {
			p.problem(line(n), key, "is "+describe(n)+", want a mapping", "its first key is one of "+strings.Join(kinds, ", "))
			return
		}
		if to.Kind = p.kindOf(m, kinds, line(n), key); to.Kind != "" {
			p.readMapping(p.sourceKind(p.known.Sources[slices.Index(kinds, to.Kind)], to.Fields), n, key)
		}
	}}
}

// kindOf returns the one of a source's keys that is a kind; "" where there is a
// problem.
func (p *reader) kindOf(m ast.MapNode, kinds []string, line int, key string) string {
	var found, all []string
	for it := m.MapRange(); it.Next(); {
		name := it.Key().GetToken().Value
		all = append(all, name)
		if slices.Contains(kinds, name) {
			found = append(found, name)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
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
	p.problem(line, key, what, hint)
	return ""
}

// sourceKind is the grammar of a source of one kind, whose values go into to.
func (p *reader) sourceKind(kind matrix.SourceKind, to map[string]string) mapping {
	m := mapping{doc: kind.Doc}
	for _, f := range kind.Fields {
		want := someText
		if f.Pattern != "" {
			want = newPattern(f.Pattern, 0)
		}
		var s string
		v := p.text(&s, want, fmt.Sprintf("%s, for example %s", f.Doc, f.Example))
		m.fields = append(m.fields, field{f.Name, f.Doc, f.Required, value{v.schema, func(n ast.Node, key string) {
			v.read(n, key)
			to[f.Name] = s
		}}})
	}
	return m
}
