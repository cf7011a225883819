package oops

import (
	"regexp"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// faultStack returns the stack of the event, nil when there is none. All lines
// of the event are there.
func (e *event) faultStack() *stack {
	if !e.searched {
		e.culprit, e.searched = e.search(), true
	}
	return e.culprit
}

func (e *event) search() *stack {
	var first *stack
	list := e.stacks()
	for i := range list {
		s := &list[i]
		if s.other || len(s.all())+len(s.guesses) == 0 {
			continue
		}
		if first == nil {
			first = s
		}
		if !e.kind.Stalls() || e.kind == matrix.KindHungTask {
			if !tells(s.all(), e.skip) {
				continue // a place that is named before the stack, or one without a word
			}
			first = s
			break
		}
		// A stall is seen by an interrupt: what that came upon counts, and of
		// several CPUs the one that was at work.
		if at := s.at; at != nil && !isIdle(at.Function) || at == nil && len(s.under) > 0 && !isIdle(s.under[0].Function) {
			first = s
			break
		}
	}
	return first
}

// frames returns the frames of the event without those of helpers, and of these the
// first that its title names, -1 for none, with the name that it has there if that is
// another.
func (e *event) frames() (list []matrix.Frame, named int, alias string) {
	s := e.faultStack()
	if s == nil {
		return nil, -1, ""
	}
	frames := s.all()
	switch seen := s.frames; {
	case e.kind.Stalls() && s.at == nil && len(s.under) > 0 && e.kind != matrix.KindHungTask:
		// The frames before are those of the interrupt that looked.
		frames = s.under
	case !e.kind.Stalls():
		// What was interrupted counts only where an interrupt's own frames tell
		// nothing.
		if s.at != nil {
			seen = append([]matrix.Frame{*s.at}, seen...)
		}
		if tells(seen, e.skip) {
			frames = seen
		}
	}
	frames = slices.DeleteFunc(slices.Clone(frames), func(f matrix.Frame) bool { return isHelper(f, e.skip) })
	if len(frames) > 0 && e.pick != nil {
		named, alias = e.pick(frames)
		if e.kind == matrix.KindHungTask && named > 0 {
			frames, named = frames[named:], 0 // the others only wait
		}
	}
	// The frames by which the kernel was entered are cut off behind the one that is
	// named, so that its number stays.
	if named >= 0 && len(frames) > 0 {
		frames = append(frames[:named+1:named+1], slices.DeleteFunc(slices.Clone(frames[named+1:]), func(f matrix.Frame) bool { return entries.MatchString(f.Function) })...)
	}
	// An unwinder that only guesses (CONFIG_UNWINDER_GUESS) is sure of no frame at all.
	if len(s.frames) == 0 || len(frames) == 0 {
		frames = append(frames, own(s.guesses, e.skip)...)
	}
	if len(frames) == 0 {
		named = -1
	}
	return frames, named, alias
}

// siteRE is a place that lockdep names.
var siteRE = regexp.MustCompile(` at: ` + addressPattern + `?` + framePattern)

// siteBehind finds the place that lockdep names behind a line with that text. A place is as it
// is, even a helper's.
func siteBehind(text string) func(*event) []matrix.Frame {
	return func(e *event) []matrix.Frame {
		i := slices.IndexFunc(e.lines, func(l string) bool { return strings.Contains(l, text) })
		if i < 0 {
			return nil
		}
		for _, l := range e.lines[i:] {
			if m := siteRE.FindStringSubmatch(l); m != nil {
				return []matrix.Frame{frame(m[1], m[2], m[3], m[4], m[5])}
			}
		}
		return nil
	}
}

// circular finds where the locks of a circle are taken: the one that is wanted, the one
// that is held, and the chain between them.
func circular(e *event) []matrix.Frame {
	var list []matrix.Frame
	for _, l := range e.lines {
		if strings.HasPrefix(strings.TrimSpace(l), "Call Trace") || strings.HasPrefix(l, "other info") {
			break
		}
		if m := siteRE.FindStringSubmatch(l); m != nil && len(list) < 2 {
			list = append(list, frame(m[1], m[2], m[3], m[4], m[5]))
		} else if m := frameRE.FindStringSubmatch(l); m != nil && m[1] == "" {
			list = append(list, frame(m[2], m[3], m[4], m[5], m[6]))
		}
	}
	return own(list, e.skip)
}

// framesBelow finds the frames behind a line up to the next stack.
func framesBelow(e *event, start *regexp.Regexp) []matrix.Frame {
	i := slices.IndexFunc(e.lines, start.MatchString)
	if i < 0 {
		return nil
	}
	var list []matrix.Frame
	for _, l := range e.lines[i+1:] {
		if others.MatchString(l) || stackStart.MatchString(l) {
			break
		}
		if m := frameRE.FindStringSubmatch(l); m != nil && m[1] == "" {
			list = append(list, frame(m[2], m[3], m[4], m[5], m[6]))
		}
	}
	return own(list, e.skip)
}

var (
	becameRE    = re(`which became .* at:`)
	allocatedRE = re(`page last allocated`)
	releaseRE   = regexp.MustCompile(`^ *` + addressPattern + framePattern)
	functionRE  = regexp.MustCompile(`last function: (` + namePattern + `)`)
)

// became finds where a lock became one that interrupts take.
func became(e *event) []matrix.Frame { return framesBelow(e, becameRE) }

// allocation finds who allocated a page.
func allocation(e *event) []matrix.Frame { return framesBelow(e, allocatedRE) }

// unlocks finds where a lock was released.
func unlocks(e *event) []matrix.Frame {
	for _, l := range e.lines {
		if strings.Contains(l, "Call Trace") {
			break
		}
		if m := releaseRE.FindStringSubmatch(l); m != nil {
			return own([]matrix.Frame{frame(m[1], m[2], m[3], m[4], m[5])}, e.skip)
		}
	}
	return nil
}

// lastFunction finds what a worker did last.
func lastFunction(e *event) []matrix.Frame {
	for _, l := range e.lines {
		if m := functionRE.FindStringSubmatch(l); m != nil {
			return []matrix.Frame{{Function: symbol(m[1])}}
		}
	}
	return nil
}
