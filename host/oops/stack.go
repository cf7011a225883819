package oops

import (
	"regexp"
	"strconv"
	"strings"

	"kmatrix/matrix"
)

// A frame as kernels print it, " ? " before those that only lay on the stack, the
// address before those of old kernels, file and line behind those that a program has
// looked up. What was inlined has no place of its own, and is another with each
// compiler: it is no frame. RIP (pc on arm64, PC on arm, NIP on powerpc, epc on riscv) is where the CPU was.
var (
	frameRE  = regexp.MustCompile(`^ *(?:\[<?[0-9a-f]+>?\] *){0,2}(?:\(?[\w.]+\)? from (?:\[<[0-9a-f]+>\] \()?)?(\? )?([A-Za-z_][\w.$]*)\+0x([0-9a-f]{1,16})/0x([0-9a-f]{1,16})(?: \[([\w-]+)[^\]]*\])?(?: ([\w./-]+:\d+))?`)
	inlineRE = regexp.MustCompile(`^ +([A-Za-z_][\w.]*) ([\w./-]+:\d+) \[inline\]`)
	ripRE    = regexp.MustCompile(`(?:\b[RE]?IP: (?:[0-9a-f]{4}:)?(?:\[<[0-9a-f]+>\] *)?(?:\(?\[<[0-9a-f]+>\]\)? *)?|^NIP \[[0-9a-f]+\] |^PC is at |^ ?e?pc : )([A-Za-z_][\w.$]*)\+0x([0-9a-f]{1,16})/0x([0-9a-f]{1,16})(?: \[([\w-]+)[^\]]*\])?(?: ([\w./-]+:\d+))?`)
	userRE   = regexp.MustCompile(`^ *RIP: 00(?:33|23|2b):`)

	registerRE = regexp.MustCompile(`^ ?(?:RIP: |EIP: |RSP: |RAX: |RDX: |RBP: |R10: |R13: |FS: |CS: |CR2: |DR[03]: |pc : |lr : |sp : |pstate: |x\d{1,2} ?: |PKRU: |EFLAGS|EAX: |ESI: )`)
)

func isFrame(text string) bool {
	return strings.Contains(text, "+0x") && frameRE.MatchString(text) || strings.Contains(text, "[inline]") && inlineRE.MatchString(text)
}

func isRegister(text string) bool { return registerRE.MatchString(text) }

// stack is one of those that a report prints.
type stack struct {
	// frames begin with the innermost; guesses lay on the stack without being a
	// part of it, as far as the unwinder saw.
	frames, guesses []matrix.Frame
	// at is where the CPU was by the line RIP before the stack, or, inside is set,
	// in it: there the frames before are those of the interrupt that looked.
	at     *matrix.Frame
	inside bool
	// left tells that it went on into what an interrupt had interrupted, which is not
	// to blame for what the interrupt did.
	left bool
	// other tells that it is no stack of who is to blame: who allocated, who holds
	// a lock, what waits for a stall's end.
	other bool
}

// others begin stacks of who is not to blame.
var others = re(`^(?:.* state was registered at:|.* was registered at:|Allocated by|Freed by|Last potentially related|.*kthread stack dump| ?-> #[1-9]|the existing dependency|Uninit was (?:stored|created)|allocated by|freed by|.* lock was acquired|.*lock.* (?:first )?acquired at|.* captured )`)

// stackStart begins a stack.
var stackStart = re(`^ ?(?:-> #0|Call [Tt]race:|NMI backtrace for cpu|(?:read|write).* to 0x|rcu: Stack dump where|stack backtrace:|task:)`)

// leftRE is where a stack leaves an interrupt.
var leftRE = re(`^ *(?:</(?:IRQ|SOFTIRQ|NMI)>|<EOI>)`)

// stacks finds the stacks of an event.
func (e *event) stacks() []stack {
	var list []stack
	var s *stack
	begin := func(other bool) {
		if s == nil || s.other != other || len(s.frames)+len(s.guesses) > 0 {
			list = append(list, stack{other: other})
			s = &list[len(list)-1]
		}
	}
	user := false
	for i, text := range e.lines {
		if i > 0 && strings.HasPrefix(e.lines[i-1], "Preemption disabled at:") {
			continue // who disabled it is not who slept
		}
		switch {
		case others.MatchString(text):
			begin(true)
			user = false
			continue
		case stackStart.MatchString(text):
			// The line before a stack is a part of it, be it RIP or a title.
			if s == nil || !strings.HasPrefix(text, "Call") || len(s.frames)+len(s.guesses) > 0 {
				begin(s != nil && s.other && strings.HasPrefix(text, "Call") && len(s.frames) == 0)
			}
			user = false
			continue
		case userRE.MatchString(text):
			user = true
			continue
		}
		if s == nil {
			begin(false)
		}
		if s.left = s.left || !e.kind.Stalls() && leftRE.MatchString(text) && len(own(s.frames)) > 0; s.left {
			continue
		}
		if m := ripRE.FindStringSubmatch(text); m != nil {
			f := frame(m[1], m[2], m[3], m[4], m[5])
			if s.at == nil && !user {
				s.at, s.inside = &f, len(s.frames) > 0
				if s.inside && (e.kind.Stalls() || len(own(s.frames)) == 0) {
					s.frames = nil // those of who reports
				} else if s.inside {
					s.at, s.inside = nil, false // a fault on the way, as in a copy from user space
				}
			}
			continue
		}
		if user {
			continue
		}
		if strings.Contains(text, "+0x") {
			if m := frameRE.FindStringSubmatch(text); m != nil {
				f := frame(m[2], m[3], m[4], m[5], m[6])
				switch f.Guess = m[1] != ""; {
				case !f.Guess:
					s.frames = append(s.frames, f)
				case f.Offset < f.Size || f.Size == 0: // else it returns to no place in it
					s.guesses = append(s.guesses, f)
				}
			}
		}
	}
	return list
}

// frame makes one of what was matched.
func frame(function, offset, size, module, at string) matrix.Frame {
	f := matrix.Frame{Function: symbol(function), Module: module, At: at}
	// What is no number of 64 bits stays 0: not known.
	f.Offset, _ = strconv.ParseUint(offset, 16, 64)
	f.Size, _ = strconv.ParseUint(size, 16, 64)
	return f
}

// guilty returns the frames of the stack that tells of the event, innermost first.
func (e *event) guilty() []matrix.Frame {
	var first *stack
	list := e.stacks()
	for i := range list {
		s := &list[i]
		if s.other || s.at == nil && len(s.frames)+len(s.guesses) == 0 {
			continue
		}
		// Lockdep shows the place where a lock is released like a stack of its own.
		if first == nil || first.at == nil && len(own(first.frames)) == 0 {
			first = s
		}
		// A stall is seen by an interrupt: what that came upon counts, and of
		// several CPUs the one that was at work.
		if e.kind.Stalls() && e.kind != matrix.KindHungTask {
			if s.at != nil && !isIdle(s.at.Function) {
				first = s
				break
			}
		} else if s.at != nil || len(own(s.frames)) > 0 {
			break
		}
	}
	if first == nil {
		return nil
	}
	frames := first.frames
	if first.at != nil && (len(frames) == 0 || frames[0] != *first.at) {
		frames = append([]matrix.Frame{*first.at}, frames...)
	}
	// An unwinder that only guesses (CONFIG_UNWINDER_GUESS) is sure of no frame at all.
	if len(first.frames) == 0 || len(own(frames)) == 0 {
		frames = append(frames, first.guesses...)
	}
	return frames
}
