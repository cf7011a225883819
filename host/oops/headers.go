package oops

import (
	"regexp"
	"strings"

	"kmatrix/matrix"
)

// header is a line that begins a report, or that says more of one that has begun.
type header struct {
	kind  matrix.ReportKind
	title string
	// in has the title end in " in FUNCTION".
	in bool
	// function is the one that the line itself names, "" for none.
	function string
	role     role
}

// role is what a header does where a report has begun already.
type role int

const (
	// Without a role it always begins another.
	_ role = iota
	// detail belongs to what has no stack yet, and else begins another.
	detail
	// preface is followed by a line with the stack, a detail, and has the better
	// title.
	preface
	// cut is "cut here": what follows will say what it is.
	cut
	// ends is a panic; most are the end of what was reported before.
	ends
)

// rule recognises one kind of line.
type rule struct {
	// mark stands in every such line; it is looked for before re is tried.
	mark string
	re   *regexp.Regexp
	// title is the report's; $1, $2 are what re's groups matched.
	title string
	// function is the group of a function's name, 0 for none.
	function int
	in       bool
	kind     matrix.ReportKind
	role     role
}

// funcPattern is a function's name with its offset and size.
const funcPattern = `([A-Za-z_][\w.$]*)\+0x[0-9a-f]+/0x[0-9a-f]+`

// rules are tried in this order. The lines are those of lib/bug.c,
// arch/*/kernel/{dumpstack,traps}.c, arch/*/mm/fault.c, kernel/{panic,hung_task,
// watchdog}.c, kernel/rcu/tree_stall.h, kernel/locking/lockdep.c, mm/{oom_kill,
// page_alloc,usercopy}.c, mm/{kasan,kfence,kmsan}/report.c, kernel/kcsan/report.c,
// lib/{ubsan,list_debug,refcount}.c.
var rules = []rule{
	{mark: "[ cut here ]", re: nil, role: cut},
	{mark: "KASAN: ", re: re(`BUG: KASAN: (double-free or invalid-free|double-free|invalid-free) in (?:` + funcPattern + `|(\w[\w.]*))?`), title: "KASAN: $1", in: true, function: 2, kind: matrix.KindKASAN},
	{mark: "KASAN: ", re: re(`BUG: KASAN: ([\w -]+?) in (?:` + funcPattern + `|(\w[\w.]*))?`), title: "KASAN: $1", in: true, function: 2, kind: matrix.KindKASAN},
	{mark: "KFENCE: ", re: re(`BUG: KFENCE: ([\w -]+?) in (\w[\w.]*)`), title: "KFENCE: $1", in: true, function: 2, kind: matrix.KindKFENCE},
	{mark: "KMSAN: ", re: re(`BUG: KMSAN: ([\w -]+?) in (?:` + funcPattern + `|(\w[\w.]*))`), title: "KMSAN: $1", in: true, function: 2, kind: matrix.KindKMSAN},
	{mark: "KCSAN: ", re: re(`BUG: KCSAN: ([\w -]+?) in (\w[\w.]*)(?:\+0x[0-9a-f]+/0x[0-9a-f]+)?(?: \[[\w-]+\])? / (\w[\w.]*)`), title: "KCSAN: $1 in $2 / $3", kind: matrix.KindKCSAN},
	{mark: "KCSAN: ", re: re(`BUG: KCSAN: ([\w: -]+?) in (\w[\w.]*)`), title: "KCSAN: $1", in: true, function: 2, kind: matrix.KindKCSAN},
	{mark: "UBSAN: ", re: re(`UBSAN: ([a-zA-Z][\w -]*?) in `), title: "UBSAN: $1", in: true, kind: matrix.KindUBSAN},

	{mark: "soft lockup", re: re(`BUG: soft lockup - CPU#\d+ stuck`), title: "BUG: soft lockup", in: true, kind: matrix.KindSoftLockup},
	{mark: "hard LOCKUP", re: re(`(?i)watchdog:? .*detected hard LOCKUP on cpu`), title: "BUG: hard lockup", in: true, kind: matrix.KindHardLockup},
	{mark: "workqueue lockup", re: re(`BUG: workqueue lockup - pool`), title: "BUG: workqueue lockup", kind: matrix.KindWorkqueueLockup},
	{mark: "stall", re: re(`INFO: \w+ (?:self-)?detected (?:expedited )?stalls? on CPU`), title: "INFO: rcu detected stall", in: true, kind: matrix.KindRCUStall},
	{mark: "blocked for more than", re: re(`INFO: task .{1,40} blocked (?:in I/O wait )?for more than \d+ seconds`), title: "INFO: task hung", in: true, kind: matrix.KindHungTask},

	{mark: "lock", re: re(`(?:possible circular locking dependency|possible recursive locking|possible irq lock inversion dependency|\w+-safe -> \w+-unsafe lock order) detected`), title: "possible deadlock", in: true, kind: matrix.KindLockdep},
	{mark: "inconsistent lock state", re: re(`WARNING: inconsistent lock state`), title: "inconsistent lock state", in: true, kind: matrix.KindLockdep},
	{mark: "bad unlock balance", re: re(`WARNING: bad unlock balance detected`), title: "WARNING: bad unlock balance", in: true, kind: matrix.KindLockdep},
	{mark: "lock held", re: re(`WARNING: lock held when returning to user space|BUG: lock held when returning`), title: "WARNING: lock held when returning to user space", in: true, kind: matrix.KindLockdep},
	{mark: "locks held", re: re(`WARNING: .{1,60} still has locks held`), title: "WARNING: still has locks held", in: true, kind: matrix.KindLockdep},
	{mark: "held lock freed", re: re(`WARNING: held lock freed`), title: "WARNING: held lock freed", in: true, kind: matrix.KindLockdep},
	{mark: "suspicious RCU usage", re: re(`WARNING: suspicious RCU usage`), title: "WARNING: suspicious RCU usage", in: true, kind: matrix.KindLockdep},
	{mark: "Nested lock", re: re(`WARNING: Nested lock was not taken`), title: "WARNING: nested lock was not taken", in: true, kind: matrix.KindLockdep},
	{mark: "Invalid wait context", re: re(`BUG: Invalid wait context`), title: "BUG: Invalid wait context", in: true, kind: matrix.KindLockdep},
	{mark: "non-static key", re: re(`INFO: trying to register non-static key`), title: "INFO: trying to register non-static key", in: true, kind: matrix.KindLockdep},
	{mark: "MAX_LOCK", re: re(`BUG: (MAX_LOCK\w+) too low`), title: "BUG: $1 too low", kind: matrix.KindLockdep},

	{mark: "list_", re: re(`^(?:slab )?list_(?:add|del)(?: double add| corruption)`), title: "BUG: corrupted list", in: true, kind: matrix.KindListCorruption, role: preface},
	{mark: "refcount_t: ", re: re(`^refcount_t: `), title: "WARNING: refcount bug", in: true, kind: matrix.KindWarning, role: preface},
	{mark: "usercopy: ", re: re(`^usercopy: `), title: "BUG: bad usercopy", in: true, kind: matrix.KindBug, role: preface},
	{mark: "kernel BUG at", re: re(`kernel BUG at \S+:\d+`), title: "kernel BUG", in: true, kind: matrix.KindBug, role: detail},
	{mark: "WARNING: ", re: re(`WARNING: CPU: \d+ PID: \d+ at \S+ (?:` + funcPattern + `)?`), title: "WARNING", in: true, function: 1, kind: matrix.KindWarning, role: detail},
	{mark: "WARNING: ", re: re(`WARNING: [\w./-]+:\d+ at (?:` + funcPattern + `)?`), title: "WARNING", in: true, function: 1, kind: matrix.KindWarning, role: detail},
	{mark: "WARNING: ", re: re(`WARNING: (kernel stack|stack recursion|stack going|can't dereference|can't access)`), title: "WARNING: $1", kind: matrix.KindWarning},

	{mark: "NULL pointer", re: re(`(?:BUG: |[Uu]nable to handle )(?:unable to handle )?kernel NULL pointer dereference`), title: "BUG: unable to handle kernel NULL pointer dereference", in: true, kind: matrix.KindPageFault},
	{mark: "handle", re: re(`(?:BUG: )?[Uu]nable to handle (?:page fault for address|kernel paging request|kernel access|kernel execute|kernel write)`), title: "BUG: unable to handle kernel paging request", in: true, kind: matrix.KindPageFault},
	{mark: "guard page", re: re(`BUG: (?:\w+ )?stack guard page was hit`), title: "BUG: stack guard page was hit", in: true, kind: matrix.KindPageFault},
	{mark: "general protection fault", re: re(`^(?:Oops: )?general protection fault(?:,|:| .*\[#\d+\])`), title: "general protection fault", in: true, kind: matrix.KindProtection, role: detail},
	{mark: "divide error", re: re(`^(?:Oops: )?divide error: `), title: "divide error", in: true, kind: matrix.KindOops, role: detail},
	{mark: "invalid opcode", re: re(`^(?:Oops: )?invalid opcode: `), title: "invalid opcode", in: true, kind: matrix.KindOops, role: detail},
	{mark: "stack segment", re: re(`^(?:Oops: )?stack segment: `), title: "stack segment fault", in: true, kind: matrix.KindOops, role: detail},
	{mark: "double fault", re: re(`^(?:(?:traps: )?PANIC: double fault|(?:Oops: )?double fault: )`), title: "PANIC: double fault", in: true, kind: matrix.KindOops, role: detail},
	{mark: "Oops", re: re(`^(?:\S+ )?(?:Internal error: )?Oops(?: - [\w ]+)?: `), title: "oops", in: true, kind: matrix.KindOops, role: detail},

	{mark: "sleeping function", re: re(`BUG: sleeping function called from invalid context`), title: "BUG: sleeping function called from invalid context", in: true, kind: matrix.KindSanityBug},
	{mark: "scheduling while atomic", re: re(`BUG: scheduling while atomic`), title: "BUG: scheduling while atomic", in: true, kind: matrix.KindSanityBug},
	{mark: "using ", re: re(`BUG: using (\w+\(\)) in preemptible`), title: "BUG: using $1 in preemptible code", in: true, kind: matrix.KindSanityBug},
	{mark: "Bad ", re: re(`BUG: (Bad page state|Bad page map|Bad page cache|Bad rss-counter state)`), title: "BUG: $1", in: true, kind: matrix.KindSanityBug},
	{mark: "BUG ", re: re(`^BUG [\w-]+ \([^)]*\): ([A-Z][\w -]+)`), title: "BUG: SLUB: $1", in: true, kind: matrix.KindSanityBug},
	{mark: "spinlock", re: re(`BUG: (?:rw|spin)lock ([a-z ]+) on CPU`), title: "BUG: spinlock $1", in: true, kind: matrix.KindSanityBug},
	{mark: "BUG: ", re: re(`^BUG: ([A-Za-z][\w' -]{2,60})`), title: "BUG: $1", in: true, kind: matrix.KindSanityBug},

	{mark: "invoked oom-killer", re: re(`^.{1,32} invoked oom-killer: `), title: "out of memory", kind: matrix.KindOOM, role: preface},
	{mark: "ut of memory: ", re: re(`^(Memory cgroup o|O)ut of memory: Kill(?:ed)? process \d+,? \(([^)]{1,32})\)`), title: "${1}ut of memory: killed $2", kind: matrix.KindOOM, role: detail},

	{mark: "stack-protector", re: re(`Kernel panic - not syncing: stack-protector: .* in: (\w+)`), title: "kernel panic: stack is corrupted in $1", kind: matrix.KindPanic, role: ends},
	{mark: "Kernel panic", re: re(`Kernel panic - not syncing: (.*)`), title: "$1", kind: matrix.KindPanic, role: ends},
}

func re(s string) *regexp.Regexp { return regexp.MustCompile(s) }

// marks stand in every header, so that few lines are looked at closely.
var marks = re(`BUG|WARNING|INFO|SAN: |LOCKUP|panic|ops|fault|error|opcode|nable to|list_|refcount_t|usercopy|oom-|ut of memory|cut here|stack segment|lock|KFENCE`)

// headerOf returns what a line begins or adds to.
func headerOf(text string) (header, bool) {
	if !marks.MatchString(text) {
		return header{}, false
	}
	for _, r := range rules {
		if !strings.Contains(text, r.mark) {
			continue
		}
		if r.re == nil {
			return header{role: r.role}, true
		}
		m := r.re.FindStringSubmatchIndex(text)
		if m == nil {
			continue
		}
		h := header{kind: r.kind, title: string(r.re.ExpandString(nil, r.title, text, m)), in: r.in, role: r.role}
		if r.function > 0 && m[2*r.function] >= 0 {
			h.function = text[m[2*r.function]:m[2*r.function+1]]
		}
		return h, true
	}
	return header{}, false
}
