package series

import (
	"maps"
	"slices"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// Stat counts what a diff, or a series, changes.
type Stat struct{ Files, Insertions, Deletions int }

// Stat is what the whole series changes, as a cover letter counts it: from the
// tree before the first patch to the one after the last, so that a line which
// one patch adds and a later one takes away again is no change.
func (s *Series) Stat() Stat {
	var sum Stat
	files := map[string]*sketch{}
	for _, p := range s.Patches {
		for _, section := range p.sections {
			f := section.file
			name := f.NewName
			if name == "" {
				name = f.OldName
			}
			if files[name] == nil {
				files[name] = &sketch{}
			}
			for _, hunk := range f.TextFragments {
				files[name].apply(hunk, &sum)
			}
		}
	}
	sum.Files = len(files)
	return sum
}

// Files returns the paths of the files that the patch changes, adds or removes, sorted.
func (p Patch) Files() []string { return names(p.sections) }

// Files returns the paths of the files that the series changes, adds or removes, sorted.
func (s *Series) Files() []string {
	var all []section
	for _, p := range s.Patches {
		all = append(all, p.sections...)
	}
	return names(all)
}

// names returns both sides' names of files, sorted.
func names(sections []section) []string {
	paths := map[string]bool{}
	for _, s := range sections {
		paths[s.file.OldName], paths[s.file.NewName] = true, true
	}
	delete(paths, "") // the other side of a file that is new, or removed
	return slices.Sorted(maps.Keys(paths))
}

// sketch is a file of which only one thing is known: which of its lines were
// added by patches. Lines behind its end are the file's own.
type sketch struct{ added []bool }

// apply follows a hunk, whose lines begin at its new position once the hunks
// before it have been applied.
func (k *sketch) apply(hunk *gitdiff.TextFragment, sum *Stat) {
	at := max(int(hunk.NewPosition)-1, 0)
	if len(k.added) < at {
		k.added = append(k.added, make([]bool, at-len(k.added))...)
	}
	for _, l := range hunk.Lines {
		switch l.Op {
		case gitdiff.OpContext:
			if at++; len(k.added) < at {
				k.added = append(k.added, false)
			}
		case gitdiff.OpAdd:
			k.added = append(k.added[:at], append([]bool{true}, k.added[at:]...)...)
			sum.Insertions++
			at++
		case gitdiff.OpDelete:
			own := at >= len(k.added) || !k.added[at]
			if at < len(k.added) {
				k.added = append(k.added[:at], k.added[at+1:]...)
			}
			if own {
				sum.Deletions++
			} else {
				sum.Insertions--
			}
		}
	}
}
