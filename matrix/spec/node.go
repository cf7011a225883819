package spec

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

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

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// line reads text of one line. A number is refused and not turned into text:
// the kernel 5.10, without quotes, is the number 5.1.
func (p *reader) line(n ast.Node, key string) (string, bool) {
	switch s := n.(type) {
	case *ast.StringNode:
		if strings.ContainsAny(s.Value, "\n\r\x00") {
			p.problem(line(n), key, "holds more than one line, or a NUL byte", "")
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
