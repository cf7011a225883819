package spec

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// field reads one key's value.
type field func(n ast.Node, key string)

// root parses the text into the one document's mapping; nil when there is a
// problem.
func (p *reader) root(text []byte) ast.Node {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		p.syntax(err)
		return nil
	}
	var docs []*ast.DocumentNode
	for _, d := range file.Docs {
		if d.Body != nil && d.Body.Type() != ast.CommentType {
			docs = append(docs, d)
		}
	}
	switch len(docs) {
	case 0:
		p.problem(0, "", "is empty", "it needs version, kernels and baseline")
		return nil
	case 1:
		return docs[0].Body
	}
	p.problem(line(docs[1].Body), "", "holds more than one document", "keep one, without a line ---")
	return nil
}

// syntax reports what the YAML parser refuses.
func (p *reader) syntax(err error) {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		p.problem(at.GetToken().Position.Line, "", "is not YAML: "+at.GetMessage(), "")
		return
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	p.problem(0, "", "is not YAML: "+first, "")
}

func line(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}

func (p *reader) problem(line int, key, what, hint string) {
	p.problems = append(p.problems, Problem{Line: line, Key: key, What: what, Hint: hint})
}

// describe names a value in the words of the file's author.
func describe(n ast.Node) string {
	switch n.Type() {
	case ast.StringType:
		return "text"
	case ast.LiteralType:
		return "text of several lines"
	case ast.IntegerType, ast.FloatType, ast.InfinityType, ast.NanType:
		return "the number " + n.GetToken().Value
	case ast.BoolType:
		return n.GetToken().Value
	case ast.NullType:
		return "empty"
	case ast.SequenceType:
		return "a list"
	case ast.MappingType, ast.MappingValueType:
		return "a mapping"
	case ast.AnchorType, ast.AliasType, ast.MergeKeyType:
		return "an anchor or an alias"
	case ast.TagType:
		return "a tagged value"
	}
	return "a " + n.Type().YAMLName()
}

// each calls do with every key of a mapping; for what is none it does nothing.
func each(n ast.Node, do func(key string, value ast.Node)) {
	if m, ok := n.(ast.MapNode); ok {
		for it := m.MapRange(); it.Next(); {
			do(it.Key().GetToken().Value, it.Value())
		}
	}
}

// mapping reads a mapping: each key is one of fields, and those in required
// are there.
func (p *reader) mapping(n ast.Node, key string, fields map[string]field, required ...string) {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		p.problem(line(n), key, "is "+describe(n)+", want a mapping", "its keys are "+strings.Join(names(fields), ", "))
		return
	}
	seen := map[string]bool{}
	for _, v := range values {
		name := v.Key.GetToken().Value
		read, ok := fields[name]
		if !ok {
			p.problem(line(v.Key), join(key, name), "is not a key here", allowed(name, names(fields)))
			continue
		}
		seen[name] = true
		read(v.Value, join(key, name))
	}
	for _, name := range required {
		if !seen[name] {
			p.problem(line(n), join(key, name), "is missing", "")
		}
	}
}

func names(fields map[string]field) []string {
	var list []string
	for name := range fields {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// list reads a list that is not empty.
func (p *reader) list(n ast.Node, key string, read field) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		p.problem(line(n), key, "is "+describe(n)+", want a list", "write each element on a line of its own that begins with -")
		return
	}
	if len(s.Values) == 0 {
		p.problem(line(n), key, "is empty", "it needs at least one element")
	}
	for i, v := range s.Values {
		read(v, fmt.Sprintf("%s[%d]", key, i))
	}
}

// text reads text of one line. A number is refused and not turned into text:
// the kernel 5.10, without quotes, is the number 5.1.
func (p *reader) text(n ast.Node, key string) (string, bool) {
	switch s := n.(type) {
	case *ast.StringNode:
		if strings.ContainsAny(s.Value, "\n\r\x00") {
			p.problem(line(n), key, "holds more than one line", "")
			return "", false
		}
		return s.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		p.problem(line(n), key, "is "+describe(n)+", want text", fmt.Sprintf("put it in quotes: %q", n.GetToken().Value))
	default:
		p.problem(line(n), key, "is "+describe(n)+", want text of one line", "")
	}
	return "", false
}

// choice reads one of the allowed words.
func (p *reader) choice(n ast.Node, key string, words []string) string {
	s, ok := p.text(n, key)
	if ok && !slices.Contains(words, s) {
		p.problem(line(n), key, fmt.Sprintf("is %q", s), allowed(s, words))
	}
	return s
}

// number reads a whole number from least to most.
func (p *reader) number(n ast.Node, key string, least, most int) int {
	return p.numberOr(n, key, least, most, "")
}

// numberOr reads a number where other words, which or names, may stand as well.
func (p *reader) numberOr(n ast.Node, key string, least, most int, or string) int {
	want := fmt.Sprintf("want a whole number from %d to %d%s", least, most, or)
	i, ok := n.(*ast.IntegerNode)
	if !ok {
		p.problem(line(n), key, "is "+describe(n)+", "+want, "")
		return 0
	}
	var v int
	if _, err := fmt.Sscan(i.GetToken().Value, &v); err != nil || v < least || v > most {
		p.problem(line(n), key, "is "+i.GetToken().Value+", "+want, "")
		return 0
	}
	return v
}
