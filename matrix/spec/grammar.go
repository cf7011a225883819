package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// object is a part of a JSON Schema.
type object map[string]any

// value is what stands behind a key or in a list: read takes it and puts what is wrong
// into the reader's problems, schema tells it to editors. Each is made in one place
// from the same limits, patterns and words, so that the two cannot differ.
type value struct {
	schema object
	read   func(n ast.Node, key string)
}

// field is a key of a mapping.
type field struct {
	name string
	// doc says what it is, for editors and for those who leave a required key out.
	doc      string
	required bool
	value    value
}

// mapping is the grammar of a mapping: its keys, and no others.
type mapping struct {
	fields []field
	// doc may be empty.
	doc string
	// rule is what the schema says besides of keys that exclude or need each other.
	// Whoever reads the mapping checks the same.
	rule object
}

// schema returns the JSON Schema of the mapping.
func (m mapping) schema() object {
	properties := object{}
	var required []string
	for _, f := range m.fields {
		property := maps.Clone(f.value.schema)
		if f.doc != "" {
			property["description"] = f.doc
		}
		properties[f.name] = property
		if f.required {
			required = append(required, f.name)
		}
	}
	o := object{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		o["required"] = required
	}
	if m.doc != "" {
		o["description"] = m.doc
	}
	maps.Copy(o, m.rule)
	return o
}

// names returns the keys in the order of the alphabet.
func (m mapping) names() []string {
	var list []string
	for _, f := range m.fields {
		list = append(list, f.name)
	}
	slices.Sort(list)
	return list
}

// mapping makes a value of the grammar of a mapping.
func (p *reader) mapping(m mapping) value {
	return value{m.schema(), func(n ast.Node, key string) { p.readMapping(m, n, key) }}
}

// readMapping reads a mapping: each key is one of its fields, and those that are
// required are there.
func (p *reader) readMapping(m mapping, n ast.Node, key string) {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		p.problem(line(n), key, "is "+describe(n)+", want a mapping", "its keys are "+strings.Join(m.names(), ", "))
		return
	}
	seen := map[string]bool{}
	for _, pair := range pairs {
		name := pair.Key.GetToken().Value
		i := slices.IndexFunc(m.fields, func(f field) bool { return f.name == name })
		if i < 0 {
			p.problem(line(pair.Key), join(key, name), "is not a key here", allowed(name, m.names()))
			continue
		}
		seen[name] = true
		m.fields[i].value.read(pair.Value, join(key, name))
	}
	for _, f := range m.fields {
		if f.required && !seen[f.name] {
			p.problem(line(n), join(key, f.name), "is missing", "add it: "+f.doc)
		}
	}
}

// elements reads each element of a list into a mapping of its own.
func elements[T any](p *reader, most int, blank T, grammar func(*T) mapping, done func(t T, n ast.Node, key string)) value {
	schema := blank
	return p.list(most, value{grammar(&schema).schema(), func(n ast.Node, key string) {
		t := blank
		p.readMapping(grammar(&t), n, key)
		done(t, n, key)
	}})
}

// list makes a value of a list that is not empty and has no more elements than most,
// where that is not 0.
func (p *reader) list(most int, element value) value {
	schema := object{"type": "array", "minItems": 1, "items": element.schema}
	if most > 0 {
		schema["maxItems"] = most
	}
	return value{schema, func(n ast.Node, key string) {
		s, ok := n.(*ast.SequenceNode)
		switch {
		case !ok:
			p.problem(line(n), key, "is "+describe(n)+", want a list", "write each element on a line of its own that begins with -")
			return
		case len(s.Values) == 0:
			p.problem(line(n), key, "is empty", "it needs at least one element")
		case most > 0 && len(s.Values) > most:
			p.problem(line(n), key, fmt.Sprintf("has %d elements", len(s.Values)), fmt.Sprintf("at most %d are taken", most))
		}
		for i, v := range s.Values {
			element.read(v, fmt.Sprintf("%s[%d]", key, i))
		}
	}}
}

// orEmpty makes a value of a list that may be empty of one that may not.
func orEmpty(list value) value {
	schema := maps.Clone(list.schema)
	delete(schema, "minItems")
	return value{schema, func(n ast.Node, key string) {
		if s, ok := n.(*ast.SequenceNode); !ok || len(s.Values) > 0 {
			list.read(n, key)
		}
	}}
}

// names is the grammar of keys that the file's author chooses.
type names struct {
	schema object
	// check returns what is wrong with a key, "" for nothing, and what would be right.
	check func(name string) (what, hint string)
}

// table makes a value of a mapping whose keys the file's author chooses. what says
// what it is a mapping of; element is called for each key, and for the schema with "".
func (p *reader) table(what string, keys names, element func(name string) value) value {
	schema := object{"type": "object", "propertyNames": keys.schema, "additionalProperties": element("").schema}
	return value{schema, func(n ast.Node, key string) {
		m, ok := n.(ast.MapNode)
		if !ok {
			p.problem(line(n), key, "is "+describe(n)+", want a mapping "+what, "")
			return
		}
		for it := m.MapRange(); it.Next(); {
			name := it.Key().GetToken().Value
			if what, hint := keys.check(name); what != "" {
				p.problem(line(it.Key()), join(key, name), what, hint)
			}
			element(name).read(it.Value(), join(key, name))
		}
	}}
}
