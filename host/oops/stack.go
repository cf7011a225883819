package oops

import (
	"regexp"
	"strconv"
	"strings"

	"kmatrix/matrix"
)

// A frame as kernels print it, " ? " before those that only lay on the stack (powerpc has
// "(unreliable)" behind them), the addresses before those of old kernels and of powerpc,
// file and line behind those that a program has looked up. What was inlined has no place
// of its own, and is another with each compiler: it is no frame. RIP is where the CPU
// was; arm, powerpc and riscv have names of their own for it.
var (
	framePattern   = `(` + namePattern + `)\+0x([0-9a-f]{1,16})/0x([0-9a-f]{1,16})(?: \[([\w-]+)[^\]]*\])?(?: ([\w./-]+:\d+))?`
	addressPattern = `(?:\[<?(?:0x)?[0-9a-f]{8,16}>?\] *)`

	frameRE  = regexp.MustCompile(`^(?: *</?[A-Z#_]+>)? *\(?` + addressPattern + `{0,2}(\? )?\(?` + framePattern)
	inlineRE = regexp.MustCompile(`^ *` + addressPattern + `{0,2} *([A-Za-z_][\w.]*) ([\w./-]+:\d+) \[inline\]`)
	fromRE   = regexp.MustCompile(`^ *` + addressPattern + `?\(?(` + namePattern + `)\)?(?:\+0x[0-9a-f]+/0x[0-9a-f]+\)?)? from ` + addressPattern + `?\(?` + framePattern)
	ripRE    = regexp.MustCompile(`(?:^|[ (])(?:[RE]?IP|NIP|PC is at|EIP is at|e?pc|ERA|PSW)\b ?:? *(?:[0-9a-f]{4}:)?(?:[0-9a-f]{16} )*\(?` + `(?:\[?<?(?:0x)?[0-9a-f]{8,16}>?\]? *){0,2}\(?` + framePattern)
	userRE   = regexp.MustCompile(`^ *RIP: 00(?:33|23|2b):`)

	registerRE = regexp.MustCompile(`^ ?(?:RIP: |EIP: |RSP: |RAX: |RDX: |RBP: |R10: |R13: |FS: |CS: |CR2: |DR[03]: |pc : |lr : |sp : |pstate: |x\d{1,2} ?: |PKRU: |EFLAGS|EAX: |ESI: |NIP|LR|GPR\d\d: |MSR: |CFAR: |REGS: |epc : |ra : |gp : |t\d : |a\d : |s\d+ ?: |PC is at |LR is at |r\d+ ?: |status: )`)
)

func isFrame(text string) bool {
	return strings.Contains(text, "+0x") && (frameRE.MatchString(text) || fromRE.MatchString(text)) || strings.Contains(text, "[inline]") && inlineRE.MatchString(text)
}

func isRegister(text string) bool { return registerRE.MatchString(text) }

// stack is one of those that a report prints.
type stack struct {
	// at is where the CPU was by the line RIP before the stack.
	at *matrix.Frame
	// frames begin with the innermost; guesses lay on the stack without being a part
	// of it, as far as the unwinder saw.
	frames, guesses []matrix.Frame
	// under is what the interrupt came upon whose frames those before are.
	under []matrix.Frame
	// other tells that it is no stack of who is to blame: who allocated, who holds
	// a lock, what waits for a stall's end.
	other bool
}

// all are its frames from where the CPU was, those of an interrupted code last.
func (s *stack) all() []matrix.Frame {
	var list []matrix.Frame
	if s.at != nil && (len(s.frames) == 0 || s.frames[0] != *s.at) {
		list = append(list, *s.at)
	}
	return append(append(list, s.frames...), s.under...)
}

// others begin stacks of who is not to blame. Those of fault injection, of page
// allocation's complaints and of pages' owners can stand within another report.
var others = re(`^(?:Allocated by|Freed by|Last potentially related|.*kthread stack dump| ?-> #[1-9]|the existing dependency|Uninit was (?:stored|created)|allocated by|freed by|.* lock was acquired|.*lock.* (?:first )?acquired at|.* captured |.*registered at:|.*which became .* at:|page last (?:allocated|free)|page_owner tracks|(?:INFO: )?(?:Allocated|Freed) in |FAULT_INJECTION|.*(?:page|vmalloc): allocation failure|FAULT_FLAG_ALLOW_RETRY missing)`)

// stackStart begins a stack.
var stackStart = re(`^ ?(?:-> #0|Call [Tt]race:|Backtrace:|NMI backtrace for cpu|(?:read|write).* to 0x|rcu: Stack dump where|stack backtrace:|backtrace(?: \(crc [0-9a-f]+\))?:|task:| *backtrace(?: \(crc [0-9a-f]+\))?:|\w[\w./:-]* +[RSDTtXZPIK] +(?:running task|stack:|\d+ +\d+ +\d+ ))`)

// interrupts are the functions by which code is interrupted: what is behind them in a
// stack was at something else.
var interrupts = regexp.MustCompile(`^(?:(?:smp_)?apic_timer_interrupt|asm_(?:sysvec|common_interrupt)\w*|ret_from_intr|common_interrupt|el1h?_(?:64_)?(?:irq|fiq))$`)

// stacks finds the stacks of an event.
func (e *event) stacks() []stack {
	var list []stack
	var s *stack
	begin := func(other bool) {
		if s == nil || s.other != other || len(s.frames)+len(s.guesses)+len(s.under) > 0 {
			list = append(list, stack{other: other})
			s = &list[len(list)-1]
		}
	}
	// user tells that what follows is a program's, and below that an interrupt's
	// frames have ended.
	user, below := false, false
	for i, text := range e.lines {
		if i > 0 && strings.HasPrefix(e.lines[i-1], "Preemption disabled at:") {
			continue // who did, and not who slept
		}
		if i > 0 && others.MatchString(text) {
			begin(true)
			user, below = false, false
			continue
		}
		if stackStart.MatchString(text) {
			// The line before a stack is a part of it, be it RIP or a title, and
			// one that begins another's can have several.
			call, bare := startsTrace(text), s != nil && len(s.frames)+len(s.guesses) == 0
			if s == nil || !call || !bare {
				begin(bare && s.other)
			}
			user, below = false, false
			continue
		}
		if userRE.MatchString(text) {
			user = true
			continue
		}
		if s == nil {
			begin(false)
		}
		if m := ripRE.FindStringSubmatch(text); m != nil {
			f := frame(m[1], m[2], m[3], m[4], m[5])
			switch {
			case user:
			case len(s.frames) > 0:
				below = true
				s.under = append(s.under, f)
			case s.at == nil:
				s.at = &f
			}
			continue
		}
		if strings.Contains(text, "</") && len(s.frames) > 0 {
			below = true
		}
		if user || !strings.Contains(text, "+0x") {
			continue
		}
		below = s.add(text, below)
	}
	return list
}

// startsTrace reports whether the line stands right before frames.
func startsTrace(text string) bool {
	return strings.HasPrefix(text, "Call") || strings.HasPrefix(text, "Backtrace")
}

// add adds the frame of a line, if it has one. It returns whether the frames that follow
// are of what was interrupted.
func (s *stack) add(text string, below bool) bool {
	m := frameRE.FindStringSubmatch(text)
	if m == nil {
		// Arm names both the function and its caller.
		if m = fromRE.FindStringSubmatch(text); m == nil {
			return below
		}
		if callee := symbol(m[1]); len(s.frames) == 0 || s.frames[len(s.frames)-1].Function != callee {
			s.frames = append(s.frames, matrix.Frame{Function: callee})
		}
		m[1] = ""
	}
	f := frame(m[2], m[3], m[4], m[5], m[6])
	f.Guess = m[1] != "" || strings.HasSuffix(text, " (unreliable)")
	switch {
	case f.Guess:
		if f.Offset < f.Size || f.Size == 0 { // else it returns to no place in it
			s.guesses = append(s.guesses, f)
		}
		return below
	case below || strings.Contains(text, "<EOI>") && len(s.frames) > 0:
		s.under = append(s.under, f)
		return true
	}
	s.frames = append(s.frames, f)
	return interrupts.MatchString(f.Function)
}

// frame makes one of what was matched.
func frame(function, offset, size, module, at string) matrix.Frame {
	f := matrix.Frame{Function: symbol(function), Module: module, At: at}
	// What is no number of 64 bits stays 0: not known.
	f.Offset, _ = strconv.ParseUint(offset, 16, 64)
	f.Size, _ = strconv.ParseUint(size, 16, 64)
	return f
}
