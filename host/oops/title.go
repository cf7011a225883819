package oops

import (
	"regexp"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// titled names the event; frames are those of the stack that tells of it, with the
// machinery's.
func (e *event) titled(frames []matrix.Frame) string {
	title := e.title
	switch {
	case e.next && len(e.lines) > 1:
		title = e.lines[1]
	case e.kind == matrix.KindPanic:
		title = panicTitle(title)
	case e.kind == matrix.KindKASAN:
		title += e.access()
	case e.kind == matrix.KindKCSAN:
		title = sortedRace(title)
	case e.kind == matrix.KindSanityBug:
		title = strings.TrimRight(numbers.ReplaceAllString(title, "NUM"), " -")
	}
	if function := e.culprit(frames); e.in && function != "" {
		title += " in " + called(function) + e.suffix
	}
	return clean(title)
}

// culprit returns the function that the title names, "" where none is known.
func (e *event) culprit(frames []matrix.Frame) string {
	skips := func(f string) bool { return machinery.MatchString(f) || e.skip != nil && e.skip.MatchString(f) }
	told := symbol(e.function)
	if e.locked {
		told = e.locker(skips)
	}
	if e.pick != nil {
		if f := e.pick(frames, skips); f != "" {
			return f
		}
	}
	if told != "" && !skips(told) {
		return told
	}
	for _, f := range frames {
		if !skips(f.Function) {
			return f.Function
		}
	}
	if told == "" && len(own(frames)) > 0 {
		return own(frames)[0].Function
	}
	return told
}

// lockerRE is where a lock is taken by lockdep's words: "(&l){+.+.}-{3:3}, at: f+0x1/0x2".
var lockerRE = regexp.MustCompile(`\bat:(?: *\[<[0-9a-f]+>\])? *` + funcPattern)

// locker returns the first function of those that lockdep says a lock is taken or
// released in, which is not skipped, the first of all where each is, "" for none.
// Behind the locks that are held comes the stack.
func (e *event) locker(skips func(string) bool) string {
	first := ""
	for i, l := range e.lines[:min(len(e.lines), 40)] {
		if strings.HasSuffix(l, " at:") && i+1 < len(e.lines) {
			l += " " + e.lines[i+1]
		}
		if strings.Contains(l, "stack backtrace:") || strings.HasPrefix(l, "Call ") || strings.Contains(l, "registered at:") {
			break
		}
		m := lockerRE.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		f := symbol(m[1])
		if !skips(f) {
			return f
		}
		if first == "" {
			first = f
		}
	}
	return first
}

// access says what was done to the memory: " Read", " Write".
func (e *event) access() string {
	if strings.Contains(e.title, "free of") || strings.HasSuffix(e.title, "-free") && !strings.Contains(e.title, "use-after-free") {
		return "" // it was freed
	}
	for _, l := range e.lines[:min(len(e.lines), 20)] {
		switch {
		case strings.HasPrefix(l, "Read of size"), strings.HasPrefix(l, "Read at addr"):
			return " Read"
		case strings.HasPrefix(l, "Write of size"), strings.HasPrefix(l, "Write at addr"):
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
	devices   = regexp.MustCompile(`\(\d+,\d+\)`)
	numbers   = regexp.MustCompile(`\b[0-9]+\b`)
	exitcode  = regexp.MustCompile(` exitcode=.*$`)
)

// panicTitle is what a panic says, without what differs from boot to boot.
func panicTitle(said string) string {
	said = exitcode.ReplaceAllString(said, "")
	said = addresses.ReplaceAllString(said, "ADDR")
	said = devices.ReplaceAllString(said, "(NUM,NUM)")
	return strings.TrimRight(strings.TrimSuffix("kernel panic: "+strings.TrimPrefix(said, "kernel panic: "), "..."), " :")
}

// rustPath is how Rust names what implements a trait.
var rustPath = regexp.MustCompile(`<([\w:]+ as [\w:]+)>::`)

// clean keeps a title to one line of printable ASCII that neither a terminal nor a
// browser takes for more; a path of Rust keeps its brackets.
func clean(title string) string {
	var b strings.Builder
	keep := rustPath.FindAllStringSubmatchIndex(title, -1)
	for i, r := range title {
		bracket := slices.ContainsFunc(keep, func(m []int) bool { return i == m[0] || i == m[3] })
		if r < 0x20 || r > 0x7e || strings.ContainsRune(`<>&"`, r) && !bracket {
			r = '?'
		}
		if b.Len() == maxTitle {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}
