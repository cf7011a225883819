package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// titlePattern is what known: and ignore: take: a title that begins and ends with
// something.
var titlePattern = newPattern(`[!-~]|[!-~][ -~]*[!-~]`, 0)

// titles takes a list of patterns of reports' titles. They are compared with whole
// titles, so one that no title can match is a mistake.
func (p *reader) titles(to *[]string) value {
	return p.list(0, value{titlePattern.schema(), func(n ast.Node, key string) {
		s, ok := p.line(n, key)
		const hint = `write the title as the table has it, with * for any text, for example "WARNING in foo" or "KASAN: *"`
		switch {
		case !ok:
		case strings.Trim(s, "* ") == "":
			p.problem(line(n), key, fmt.Sprintf("is %q, which would match everything", s), hint)
		case !titlePattern.match(s):
			p.problem(line(n), key, fmt.Sprintf("is %q, which no title matches", s), hint)
		case slices.Contains(*to, s):
			p.problem(line(n), key, fmt.Sprintf("is %q, which is there already", s), "leave it out")
		default:
			*to = append(*to, s)
		}
	}})
}
