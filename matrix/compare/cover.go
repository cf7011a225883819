package compare

import (
	"slices"
	"strings"
)

// Cover names a set of probes by as few patterns as say it exactly: a name, or
// the beginning of names with "/..." where all of the probes of the run below it
// are in the set (see [kmatrix/matrix.Match]). A beginning is no shorter than the
// name of a group: of a run that asks for little, it would say more than was asked.
// Both lists are of whole names; the patterns come in the order of all.
func Cover(names, all []string) []string { return cover("", names, all) }

// cover does so for those names that begin with prefix.
func cover(prefix string, names, all []string) []string {
	var list []string
	for i := 0; i < len(all); {
		// What follows shares the next element.
		next := prefix + all[i][len(prefix):]
		if n := strings.IndexByte(all[i][len(prefix):], '/'); n >= 0 {
			next = all[i][:len(prefix)+n+1]
		}
		below := func(name string) bool {
			return name == next || strings.HasSuffix(next, "/") && strings.HasPrefix(name, next)
		}
		end := i
		for end < len(all) && below(all[end]) {
			end++
		}
		var inside []string
		for _, n := range names {
			if below(n) {
				inside = append(inside, n)
			}
		}
		switch {
		case len(inside) == 0:
		case len(inside) == 1:
			list = append(list, inside[0])
		case len(inside) == end-i && len(next) > len(groupOf(all[i])):
			list = append(list, next+"...")
		default:
			list = append(list, cover(next, inside, slices.Clone(all[i:end]))...)
		}
		i = end
	}
	return list
}
