package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"kmatrix/matrix"
)

// pattern is an RE2 expression, which editors understand as well, that a text must
// match as a whole.
type pattern struct {
	expression string
	// most is how many letters the text has at most; 0 is any number.
	most int
	re   *regexp.Regexp
}

func newPattern(expression string, most int) pattern {
	return pattern{expression, most, regexp.MustCompile(whole(expression))}
}

// whole has an expression match a text from its beginning to its end.
func whole(expression string) string { return "^(?:" + expression + ")$" }

func (t pattern) match(s string) bool {
	return t.re.MatchString(s) && (t.most == 0 || len(s) <= t.most)
}

func (t pattern) schema() object {
	o := object{"type": "string", "pattern": whole(t.expression)}
	if t.most > 0 {
		o["maxLength"] = t.most
	}
	return o
}

var (
	anyText  = newPattern(`[^\n\r\x00]*`, 0)
	someText = newPattern(`[^\n\r\x00]+`, 0)
	// namePattern is what kernels, machines and builds are called: names are parts of
	// cell ids and of file names.
	namePattern = newPattern(`[A-Za-z0-9][A-Za-z0-9._+-]*`, 40)
	urlPattern  = newPattern(`https?://[^\n\r\x00]*`, 0)
	pathPattern = newPattern(`/[^\n\r\x00]*`, 0)
	// sizePattern is what memory: and scratch: take, and durationPattern deadline:.
	sizePattern     = newPattern(`[1-9][0-9]*(M|G|MiB|GiB)`, 0)
	durationPattern = newPattern(`[1-9][0-9]*(s|m|h)`, 0)
)

// nameHint says what namePattern takes.
var nameHint = fmt.Sprintf("names have letters, digits and . _ + -, begin with a letter or a digit and are at most %d long", namePattern.most)

// text takes a text that matches the pattern.
func (p *reader) text(to *string, want pattern, hint string) value {
	return value{want.schema(), func(n ast.Node, key string) {
		s, ok := p.line(n, key)
		switch {
		case !ok:
		case want.match(s):
			*to = s
		case s == "":
			p.problem(line(n), key, "is empty", hint)
		default:
			p.problem(line(n), key, fmt.Sprintf("is %q", s), hint)
		}
	}}
}

// texts takes a list of texts.
func (p *reader) texts(to *[]string, most int, want pattern, hint string) value {
	var s string
	one := p.text(&s, want, hint)
	return p.list(most, value{one.schema, func(n ast.Node, key string) {
		s = ""
		one.read(n, key)
		*to = append(*to, s)
	}})
}

// choice takes one of the words.
func choice[T ~string](p *reader, to *T, words []T) value {
	return value{object{"enum": words}, func(n ast.Node, key string) {
		s, ok := p.line(n, key)
		if ok && !slices.Contains(words, T(s)) {
			p.problem(line(n), key, fmt.Sprintf("is %q", s), allowed(s, plain(words)))
			return
		}
		*to = T(s)
	}}
}

// plain returns words as texts.
func plain[T ~string](words []T) []string {
	var list []string
	for _, w := range words {
		list = append(list, string(w))
	}
	return list
}

// truth takes true or false; to is set to whether it is word.
func (p *reader) truth(to *bool, word bool) value {
	return value{object{"type": "boolean"}, func(n ast.Node, key string) {
		b, ok := n.(*ast.BoolNode)
		if !ok {
			p.problem(line(n), key, "is "+describe(n), "want true or false")
			return
		}
		*to = b.Value == word
	}}
}

// number takes a whole number from 1 to most.
func (p *reader) number(to *int, most int) value {
	return value{object{"type": "integer", "minimum": 1, "maximum": most}, func(n ast.Node, key string) {
		*to = p.whole(n, key, most, "")
	}}
}

// boots takes a number of boots, or [AutoBoots].
func (p *reader) boots(to *int) value {
	number := p.number(to, MaxBoots)
	return value{object{"oneOf": []object{{"const": AutoBoots}, number.schema}}, func(n ast.Node, key string) {
		if s, ok := n.(*ast.StringNode); ok && s.Value == AutoBoots {
			*to = matrix.BootsAuto
			return
		}
		*to = p.whole(n, key, MaxBoots, ", or "+AutoBoots)
	}}
}

// whole reads a whole number from 1 to most; or says what else may stand there.
func (p *reader) whole(n ast.Node, key string, most int, or string) int {
	i, ok := n.(*ast.IntegerNode)
	got := describe(n)
	if ok {
		got = i.GetToken().Value
		var v int
		if _, err := fmt.Sscan(got, &v); err == nil && v >= 1 && v <= most {
			return v
		}
	}
	p.problem(line(n), key, fmt.Sprintf("is %s, want a whole number from 1 to %d%s", got, most, or), "")
	return 0
}

// measured takes a number with a unit, which parse makes of a text that matches.
func (p *reader) measured(want pattern, hint string, parse func(s string) (wrong string)) value {
	return value{want.schema(), func(n ast.Node, key string) {
		if _, ok := n.(*ast.IntegerNode); ok {
			p.problem(line(n), key, "is "+describe(n)+", which has no unit", hint)
			return
		}
		s, ok := p.line(n, key)
		if !ok {
			return
		}
		wrong := ""
		if want.match(s) {
			if wrong = parse(s); wrong == "" {
				return
			}
		}
		p.problem(line(n), key, fmt.Sprintf("is %q%s", s, wrong), hint)
	}}
}

// size takes a size of least to most MiB, and keeps it in MiB.
func (p *reader) size(to *int, least, most int) value {
	return p.measured(sizePattern, "write it as 512M or 1G", func(s string) string {
		digits := strings.TrimRight(s, "MGiB")
		mib, err := strconv.Atoi(digits)
		if s[len(digits)] == 'G' {
			mib *= 1024
		}
		if err != nil || mib < least || mib > most {
			return fmt.Sprintf(", want %dM to %dG", least, most/1024)
		}
		*to = mib
		return ""
	})
}

// duration takes a whole number of seconds, minutes or hours.
func (p *reader) duration(to *time.Duration, most time.Duration) value {
	return p.measured(durationPattern, "write it as 90s, 5m or 1h", func(s string) string {
		d, err := time.ParseDuration(s)
		if err != nil || d > most {
			return fmt.Sprintf(", want at most %dh", int(most.Hours()))
		}
		*to = d
		return ""
	})
}

// probes takes a list of patterns, each of which some probe's name matches.
func (p *reader) probes(to *[]string) value {
	return p.list(0, value{anyText.schema(), func(n ast.Node, key string) {
		s, ok := p.line(n, key)
		if ok && !slices.ContainsFunc(p.known.Probes, func(k matrix.Probe) bool { return matrix.Match(s, k.Name) }) {
			p.problem(line(n), key, fmt.Sprintf("is %q, which matches no probe", s), unknownPattern(s, p.known.Probes))
		}
		*to = append(*to, s)
	}})
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
