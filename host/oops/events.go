package oops

import (
	"regexp"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// event is a report that is being gathered.
type event struct {
	header
	// role is that of the header that came last.
	role  role
	lines []string
	// stamped tells that its first line had a prefix of printk: a line without one is
	// then, unless it looks like one of a report, a program's.
	stamped bool
	// start is the number of its first line in the console.
	start int
	// died tells that it came with an oops, or that the kernel panicked of it.
	died bool
	// whole tells that no further line belongs to it, and relevant is how many of its
	// lines there are up to the last that looks like one of a report.
	whole    bool
	relevant int
	// stacked tells that a stack has begun.
	stacked bool
	taint   string
	// pid is the thread that it is of, as its lines tell, "" when they have not.
	pid string
	// culprit is the stack that tells of it, once it was searched.
	culprit  *stack
	searched bool
}

// fatal reports whether the kernel, or the thread that it hit, did not go on.
func (e *event) fatal() bool {
	switch e.kind {
	case matrix.KindPanic, matrix.KindOops, matrix.KindBug, matrix.KindProtection, matrix.KindPageFault:
		return true
	}
	return e.died
}

// How many lines that look like none of a report may follow before it is over:
// many before its stack, few behind it.
const (
	maxForeign    = 40
	maxForeignOOM = 200
	maxForeignEnd = 20
)

// gather finds the events of a console, in the order of their first lines.
func gather(lines []line) []*event {
	var all []*event
	// open are the last events by who printed them.
	open := map[string]*event{}
	var last *event
	for i, l := range lines {
		e := open[l.caller]
		h, ok := headerOf(l.text)
		if other := interrupted(e, l, all); other != nil {
			e = other
			open[l.caller] = e
		}
		if !ok {
			if e == nil || e.whole {
				// The stack of another CPU, as stalls ask for it.
				if last == nil || last.whole || !last.kind.Stalls() || !strings.HasPrefix(l.text, "NMI backtrace for cpu") {
					continue
				}
				e = last
				open[l.caller] = e
			}
			e.add(l)
			continue
		}
		if h.role == ends {
			if victim := blamed(e, last, l.text); victim != nil {
				victim.died, victim.whole = true, false
				victim.add(l)
				victim.relevant = len(victim.lines)
				open[l.caller] = victim
				continue
			}
		}
		if e != nil && e.takes(h, l.text) {
			e.join(h, l.text)
			e.add(l)
			e.relevant = len(e.lines)
			continue
		}
		if len(all) == maxEvents {
			break
		}
		n := &event{header: h, role: h.role, start: i, stamped: l.stamped}
		n.died = deadly(h, l.text)
		n.add(l)
		n.relevant = 1
		if open[l.caller] = n; h.role != cut {
			last = n
		}
		all = append(all, n)
	}
	all = slices.DeleteFunc(all, func(e *event) bool { return e.kind == "" })
	for _, e := range all {
		e.lines = e.lines[:e.relevant]
	}
	return all
}

// threadRE is the thread that a report is of.
var threadRE = regexp.MustCompile(`(?:^CPU: \d+ (?:UID: \d+ )?PID: |by task \S{1,40}/)(\d{1,10})\b`)

// maxTorn is how many events back one that was torn is looked for.
const maxTorn = 8

// interrupted returns the event whose stack a line begins, where the report of another
// thread came in between and callers are not told apart; nil for none.
func interrupted(e *event, l line, all []*event) *event {
	if e == nil || l.caller != "" || e.pid == "" || e.kind.Stalls() || !strings.HasPrefix(l.text, "CPU: ") {
		return nil
	}
	m := threadRE.FindStringSubmatch(l.text)
	if m == nil || m[1] == e.pid {
		return nil
	}
	for _, other := range slices.Backward(all[max(0, len(all)-maxTorn):]) {
		if other != e && other.pid == m[1] && !other.stacked {
			other.whole = false
			return other
		}
	}
	return nil
}

// takes reports whether a header is one more line of the event.
func (e *event) takes(h header, text string) bool {
	switch {
	case e.whole || h.role == ends:
		return false
	case e.role == cut && e.kind == "":
		return h.role != cut
	case e.kind == matrix.KindOOM:
		return h.kind == matrix.KindOOM && h.role == detail && e.role == preface
	case e.role == preface && h.role == cut && !e.stacked:
		return true
	case !e.stacked && h.kind == e.kind && (h.kind == matrix.KindKMSAN || h.kind == matrix.KindKASAN) && h.title == e.title:
		return true // one line for each function that was inlined
	case !e.stacked && h.kind == e.kind && h.kind == matrix.KindListCorruption:
		return true // old kernels warn before they say of what
	case e.kind == matrix.KindFileSystem && h.kind == e.kind && h.role == detail:
		// What else the file system says of it, and that it gives up.
		return fileSystem(text) == fileSystem(e.lines[0])
	case e.stacked || h.role != detail:
		return false
	case e.role == preface:
		return true
	}
	// What the processor said comes after what the kernel made of it.
	return (h.kind == matrix.KindOops || h.kind == matrix.KindProtection) && e.fatal()
}

// deadly reports whether the thread that printed a header does not go on.
func deadly(h header, text string) bool {
	switch h.kind {
	case matrix.KindOops, matrix.KindProtection, matrix.KindBug:
		return h.role == detail
	}
	return strings.Contains(text, "Kernel panic - not syncing") || strings.Contains(text, "kernel BUG at ")
}

// join adds a header to the event; the first one names it, unless it only said that
// something follows.
func (e *event) join(h header, text string) {
	if h.role == cut {
		return
	}
	e.died = e.died || deadly(h, text)
	if e.kind == "" || e.kind == matrix.KindOOM {
		e.header, e.role = h, h.role
		return
	}
	e.role = h.role
	if e.function == "" {
		e.function = h.function
	}
}

// consequences are panics that only end what was reported before: those that the
// kernel's options make of an oops, a warning, a stall (kernel/panic.c and others).
var consequences = re(`not syncing: (?:Fatal (?:exception|hardware)|.{0,12}panic_on_\w+ set|Machine halted|hung_task: blocked tasks|softlockup: hung tasks|[Hh]ard LOCKUP|RCU Stall|KASAN|kasan|KFENCE|Oops|Aiee|scheduling while atomic|out of memory|Attempted to kill (?:init|the idle task))`)

// blamed returns what a panic is the end of, nil when it is its own.
func blamed(e, last *event, text string) *event {
	if !consequences.MatchString(text) {
		return nil
	}
	if e == nil || e.kind == "" {
		e = last
	}
	switch {
	case e == nil || e.kind == matrix.KindPanic:
		return nil
	case strings.Contains(text, "out of memory"):
		if e.kind != matrix.KindOOM {
			return nil
		}
	case strings.Contains(text, "Attempted to kill"):
		// An init that just exits is nobody else's fault.
		if !e.fatal() {
			return nil
		}
	}
	return e
}

var taintRE = regexp.MustCompile(`Tainted: ([A-Z][A-Z ]*)`)

// add adds a line, and sees whether the event is over.
func (e *event) add(l line) {
	text := l.text
	if e.stamped && !l.stamped && !relevant(text) {
		return
	}
	if len(e.lines) >= maxLines {
		e.whole = true
		return
	}
	e.lines = append(e.lines, text)
	if e.taint == "" && strings.Contains(text, "Tainted: ") {
		if m := taintRE.FindStringSubmatch(text); m != nil {
			e.taint = strings.ReplaceAll(m[1], " ", "")
		}
	}
	if e.pid == "" && (strings.HasPrefix(text, "CPU: ") || strings.Contains(text, "by task ")) {
		if m := threadRE.FindStringSubmatch(text); m != nil {
			e.pid = m[1]
		}
	}
	switch limit := maxForeign; {
	case strings.Contains(text, "---[ end ") || strings.HasPrefix(text, "====") && e.stacked:
		e.relevant, e.whole = len(e.lines), true
	case relevant(text):
		e.relevant = len(e.lines)
		e.stacked = e.stacked || isFrame(text) || strings.Contains(text, "Call Trace:")
	default:
		if e.kind == matrix.KindOOM {
			limit = maxForeignOOM
		} else if e.stacked {
			limit = maxForeignEnd
		}
		if e.role == cut && e.kind == "" {
			limit = maxForeignEnd
		}
		e.whole = len(e.lines)-e.relevant > limit
	}
}

// relevantRE are lines that reports have beside frames and registers.
var relevantRE = re(`^(?:Modules linked in|CPU: |CPU#|Hardware name|Workqueue: |Code: |PGD |#PF: |Call [Tt]race:|stack backtrace:|backtrace|task:|Kernel Offset|Read of size|Write of size|Free of addr|Allocated by|Freed by|Last potentially|The buggy address|Memory state|head: |page: |raw: |flags: |irq event stamp|(?:hard|soft)irqs last|NMI backtrace|rcu: |Reported by Kernel|value changed|(?:read|write) .*to 0x|Out of memory|Mem-Info|Showing |Preemption disabled|preempt_count|RCU nest|in_atomic|[0-9a-f]{16,}: | *>?[0-9a-f]{16}: |\d+ locks? held| *#\d+: |-> #\d|Chain exists|other info|which lock|but task|.* is trying to|and this task|the existing|Possible unsafe| *(?:lock|<Interrupt>)|.*DEADLOCK|.*-{4,}|Sending NMI|Comm: |page dumped|invalid opcode|Dumping ftrace|index \d+ is|shift exponent|load of value|KASAN: |addr |.* located in |.* is located | \[[0-9a-f]+, | ?</?[A-Z]+>|.* byte memory regions?|.* object)`)

// relevant reports whether a line looks like one of a report.
func relevant(text string) bool {
	return isFrame(text) || isRegister(text) || relevantRE.MatchString(text)
}
