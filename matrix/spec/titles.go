package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// titles reads patterns of reports' titles. They are compared with whole titles, so
// one that no title can match is a mistake.
func (p *reader) titles(n ast.Node, key string) []string {
	var list []string
	p.list(n, key, func(n ast.Node, key string) {
		s, ok := p.text(n, key)
		const hint = `write the title as the table has it, with * for any text, for example "WARNING in foo" or "KASAN: *"`
		switch {
		case !ok:
		case strings.Trim(s, "* ") == "":
			p.problem(line(n), key, fmt.Sprintf("is %q, which would match everything", s), hint)
		case s != strings.TrimSpace(s) || strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7e }):
			p.problem(line(n), key, fmt.Sprintf("is %q, which no title matches", s), hint)
		case slices.Contains(list, s):
			p.problem(line(n), key, fmt.Sprintf("is %q, which is there already", s), "leave it out")
		default:
			list = append(list, s)
		}
	})
	return list
}
