package oops

import (
	"regexp"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// titled names the event; frames are its own.
func (e *event) titled(frames []matrix.Frame) string {
	title, function := e.title, ""
	if f := symbol(e.function); f != "" && !machinery.MatchString(f) {
		function = f
	} else if len(frames) > 0 {
		function = frames[0].Function
	} else if f != "" {
		function = f
	}
	switch e.kind {
	case matrix.KindPanic:
		title = panicTitle(title)
	case matrix.KindKASAN:
		title += e.access()
	case matrix.KindKCSAN:
		title = sortedRace(title)
	case matrix.KindSanityBug:
		title = strings.TrimRight(numbers.ReplaceAllString(title, "NUM"), " -")
	}
	if e.in && function != "" {
		title += " in " + function
	}
	return clean(title)
}

// access says what was done to the memory: " Read", " Write".
func (e *event) access() string {
	if strings.Contains(e.title, "free of") || strings.HasSuffix(e.title, "-free") && !strings.Contains(e.title, "use-after-free") {
		return "" // it was freed
	}
	for _, l := range e.lines[:min(len(e.lines), 20)] {
		switch {
		case strings.HasPrefix(l, "Read of size"):
			return " Read"
		case strings.HasPrefix(l, "Write of size"):
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

var (
	addresses = regexp.MustCompile(`\b(?:0x[0-9a-f]+|[0-9a-f]{12,16})\b`)
	numbers   = regexp.MustCompile(`\b[0-9]+\b`)
	exitcode  = regexp.MustCompile(` exitcode=.*$`)
)

// panicTitle is what a panic says, without what differs from boot to boot.
func panicTitle(said string) string {
	said = exitcode.ReplaceAllString(said, "")
	said = addresses.ReplaceAllString(said, "ADDR")
	return strings.TrimRight("kernel panic: "+strings.TrimPrefix(said, "kernel panic: "), " :!.")
}

// clean keeps a title to one line of printable ASCII that neither a terminal nor a
// browser takes for more.
func clean(title string) string {
	var b strings.Builder
	for _, r := range title {
		if r < 0x20 || r > 0x7e || strings.ContainsRune(`<>&"`, r) {
			r = '?'
		}
		if b.Len() == maxTitle {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}
