package oops

import "kmatrix/matrix"

// faultRules are for what the processor refused. The lines are those of
// arch/*/kernel/{dumpstack,traps}.c and arch/*/mm/fault.c.
var faultRules = []rule{
	{kind: matrix.KindPageFault, mark: "guard page", re: re(`BUG: .*stack guard page was hit`), title: "BUG: stack guard page was hit", in: true, pick: stalled},
	{kind: matrix.KindPageFault, mark: "NULL pointer", re: re(`(?:BUG: |[Uu]nable to handle )(?:unable to handle )?[kK]ernel NULL pointer dereference`), title: "BUG: unable to handle kernel NULL pointer dereference", in: true},
	{kind: matrix.KindPageFault, mark: "access to user memory", re: re(`[Uu]nable to handle kernel access to user memory`), title: "BUG: unable to handle kernel access to user memory", in: true},
	{kind: matrix.KindPageFault, mark: "nable to handle", re: re(`(?:BUG: )?[Uu]nable to handle (?:page fault for address|kernel paging request|kernel data access|kernel access|kernel execute|kernel write|kernel instruction fetch)`), title: "BUG: unable to handle kernel paging request", in: true},
	{kind: matrix.KindProtection, mark: "general protection fault", re: re(`general protection fault(?:,|: [0-9a-f]{4}\b| .*\[#\d+\])`), title: "general protection fault", in: true, role: detail},
	{kind: matrix.KindOops, mark: "double fault", re: re(`(?:PANIC: double fault|^(?:Oops: )?double fault: )`), title: "PANIC: double fault", in: true, role: detail},
	{kind: matrix.KindOops, mark: "stack segment", re: re(`stack segment: `), title: "stack segment fault", in: true, role: detail},
	{kind: matrix.KindOops, mark: "divide", re: re(`^(?:Oops: )?divide[ _]error: `), title: "divide error", in: true, role: detail},
	{kind: matrix.KindOops, mark: "invalid opcode", re: re(`^(?:Oops: )?invalid opcode: `), title: "invalid opcode", in: true, role: detail},
	// Any other trap of x86 names itself: int3, alignment check, control protection fault.
	{kind: matrix.KindOops, mark: "Oops: ", re: re(`^Oops: ([a-zA-Z][\w -]*): [0-9a-f]{4} \[#`), title: "$1", in: true, role: detail},
	{kind: matrix.KindOops, mark: "[#", re: re(`^(?:Oops: )?(int3|debug|bounds|overflow|invalid TSS|segment not present|alignment check|coprocessor \w+|simd exception|machine check|SIMD exception|control protection[\w ]*?|missing ENDBR|iret exception): [0-9a-f]{4} \[#`), title: "$1", in: true, role: detail},
	// Arm.
	{kind: matrix.KindOops, mark: "Unhandled fault:", re: re(`^Unhandled fault:`), title: "Unhandled fault", in: true},
	{kind: matrix.KindOops, mark: "Alignment trap:", re: re(`^Alignment trap: not handling`), title: "Alignment trap", in: true},
	{kind: matrix.KindOops, mark: "Internal error: ", re: re(`^Internal error: .*\[#\d+\]`), title: "Internal error", in: true, role: detail},
	{kind: matrix.KindOops, mark: "Oops", re: re(`^(?:\S+ )?Oops(?: - [\w ]+)?(?:\[#\d+\])?: `), title: "oops", in: true, role: detail},
	{kind: matrix.KindOops, mark: "Oops [#", re: re(`^Oops \[#\d+\]`), title: "oops", in: true, role: detail},
}

// panicRules are for panics (kernel/panic.c), which say why in words of their own.
var panicRules = []rule{
	{kind: matrix.KindPanic, mark: "stack-protector", re: re(`Kernel panic - not syncing: stack-protector: .* in: (` + namePattern + `)\+`), title: "kernel panic: stack is corrupted in $1", role: ends},
	{kind: matrix.KindPanic, mark: "stack-protector", re: re(`Kernel panic - not syncing: stack-protector: .* in:`), title: "kernel panic: stack is corrupted", in: true, skip: oneOf(`stack_chk`), role: ends},
	{kind: matrix.KindPanic, mark: "corrupted stack end", re: re(`Kernel panic - not syncing: corrupted stack end`), title: "kernel panic: corrupted stack end", in: true, skip: oneOf(`schedule`, `retint_kernel`), pick: stalled, role: ends},
	{kind: matrix.KindPanic, mark: "kernel stack overflow", re: re(`Kernel panic - not syncing: kernel stack overflow`), title: "kernel stack overflow", in: true, skip: oneOf(`bad_stack`), pick: stalled, role: ends},
	{kind: matrix.KindPanic, mark: "kill init", re: re(`Kernel panic - not syncing: Attempted to kill init!`), title: "kernel panic: Attempted to kill init!", role: ends},
	{kind: matrix.KindPanic, mark: "N_TTY", re: re(`Kernel panic - not syncing: Couldn't open N_TTY ldisc`), title: "kernel panic: Couldn't open N_TTY ldisc", role: ends},
	{kind: matrix.KindPanic, mark: "Kernel panic", re: re(`Kernel panic - not syncing: (.*)`), title: "kernel panic: $1", role: ends},
}
