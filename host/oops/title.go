package oops

import (
	"regexp"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// titled names the event; of frames, its own, it is the one of that number that the
// title names, with that alias if there is one.
func (e *event) titled(frames []matrix.Frame, named int, alias string) string {
	title := e.title
	switch {
	case title == "":
		title = e.next()
	case e.kind == matrix.KindKASAN:
		title += e.access()
	case e.kind == matrix.KindKCSAN:
		title = sortedRace(title)
	}
	if function := e.titleFunction(frames, named, alias); e.in && function != "" {
		title += " in " + function + e.suffix
	}
	return clean(withoutNumbers(title))
}

// titleFunction is the function that the title names, "" when none is known.
func (e *event) titleFunction(frames []matrix.Frame, named int, alias string) string {
	if e.named && e.function != "" && !isHelper(matrix.Frame{Function: e.function}, e.skip) {
		return plainName(e.function)
	}
	if e.site != nil {
		if found := e.site(e); len(found) > 0 {
			return plainName(found[0].Function)
		}
	}
	switch {
	case alias != "":
		return alias
	case named >= 0:
		return plainName(frames[named].Function)
	}
	return plainName(e.function)
}

// next is the line behind the header, for those that say what happened there.
func (e *event) next() string {
	i := slices.IndexFunc(e.lines, func(l string) bool { return e.re.MatchString(l) })
	if i >= 0 && i+1 < len(e.lines) && !isFrame(e.lines[i+1]) {
		return strings.TrimSpace(e.lines[i+1])
	}
	return "Rust panic"
}

// access says what was done to the memory: " Read", " Write".
func (e *event) access() string {
	if strings.Contains(e.title, "invalid-free") {
		return "" // it was freed
	}
	for _, l := range e.lines[:min(len(e.lines), 20)] {
		switch {
		case strings.Contains(l, "Read of size"), strings.Contains(l, "Read at addr"):
			return " Read"
		case strings.Contains(l, "Write of size"), strings.Contains(l, "Write at addr"):
			return " Write"
		}
	}
	return ""
}

// sortedRace names the two sides of a race in one order, whoever came first.
func sortedRace(title string) string {
	what, sides, ok := strings.Cut(title, " in ")
	if !ok {
		return title
	}
	both := strings.Split(sides, " / ")
	for i := range both {
		both[i] = symbol(both[i])
	}
	slices.Sort(both)
	return what + " in " + strings.Join(both, " / ")
}

// differing are what differs from boot to boot in what a kernel says, and what a title
// has in its place, in the order in which they are replaced.
var differing = []struct {
	re *regexp.Regexp
	by string
}{
	{re(`([^a-zA-Z0-9])(?:0x)?[0-9a-f]{6,}`), "${1}ADDR"},
	{re(`\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}`), "IP"},
	{re(`(\.\w+)(?::\d+)+`), "$1:LINE"},
	{re(`([a-zA-Z][\w.]+)\+0x[0-9a-z]+/0x[0-9a-z]+`), "$1"},
	{re(`CPU#\d+`), "CPU"},
	{re(`(\W)\d+(\W|$)`), "${1}NUM$2"},
	{re(`(\W)\d+(\W|$)`), "${1}NUM$2"}, // the match before has its neighbour's separator
	{re(`\d{7,}`), "NUM"},
}

// withoutNumbers takes out of a title what differs from boot to boot.
func withoutNumbers(title string) string {
	title = title[:min(len(title), maxLine)]
	for _, d := range differing {
		title = d.re.ReplaceAllString(title, d.by)
	}
	return title
}

// rustPath is how Rust names what implements a trait.
var rustPath = regexp.MustCompile(`<([\w:]+ as [\w:]+)>::`)

// clean keeps a title to one line of printable ASCII without runs of blanks that neither
// a terminal nor a browser takes for more; a path of Rust keeps its brackets.
func clean(title string) string {
	var b strings.Builder
	keep := rustPath.FindAllStringSubmatchIndex(title, -1)
	blank := true
	for i, r := range title {
		bracket := slices.ContainsFunc(keep, func(m []int) bool { return i == m[0] || i == m[3] })
		if r < 0x20 || r > 0x7e || strings.ContainsRune(`<>&"`, r) && !bracket {
			r = '?'
		}
		if b.Len() == maxTitle {
			break
		}
		if r != ' ' || !blank {
			b.WriteRune(r)
		}
		blank = r == ' '
	}
	return strings.TrimSpace(b.String())
}
