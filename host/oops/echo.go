package oops

import (
	"regexp"
	"slices"

	"kmatrix/matrix"
)

// furtherRE is an oops that is not the first: the kernel numbers them (__die).
var furtherRE = regexp.MustCompile(`\[#(?:[2-9]|\d{2,})\]`)

// withoutEchoes leaves out what a second CPU said of the same trouble, which it ran
// into while the first was printing: where callers are not told apart its headers
// stand before or behind the first one's report, and it dies before its own stack. Such
// an event has no frame. Either another has one and the same header, or it is an oops
// that is not the first.
func withoutEchoes(all []*event) []*event {
	framed := make([]bool, len(all))
	for i, e := range all {
		framed[i] = e.faultStack() != nil
	}
	echo := func(i int) bool {
		e := all[i]
		if framed[i] || !e.fatal() {
			return false
		}
		head := slices.IndexFunc(e.lines, func(l string) bool { h, ok := headerOf(l); return ok && h.role != cut })
		for j, other := range all {
			switch {
			case !framed[j] || !other.fatal():
			case head >= 0 && other.kind == e.kind && slices.Contains(other.lines, e.lines[head]),
				head >= 0 && j < i && e.kind == matrix.KindOops && furtherRE.MatchString(e.lines[head]):
				return true
			}
		}
		return false
	}
	var list []*event
	for i, e := range all {
		if !echo(i) {
			list = append(list, e)
		}
	}
	return list
}
