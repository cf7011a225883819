package oops

import "kmatrix/matrix"

// rulesOfOopses are of what a processor raised, and of panics.
var rulesOfOopses = []rule{
	{mark: "NULL pointer", re: re(`(?:BUG: |[Uu]nable to handle )(?:unable to handle )?kernel NULL pointer dereference`), title: "BUG: unable to handle kernel NULL pointer dereference", in: true, kind: matrix.KindPageFault},
	{mark: "access to user memory", re: re(`Unable to handle kernel access to user memory`), title: "BUG: unable to handle kernel access to user memory", in: true, kind: matrix.KindPageFault},
	{mark: "handle", re: re(`(?:BUG: )?[Uu]nable to handle (?:page fault for address|kernel paging request|kernel (?:data |instruction )?access|instruction fetch|kernel execute|kernel write)`), title: "BUG: unable to handle kernel paging request", in: true, kind: matrix.KindPageFault},
	{mark: "guard page", re: re(`BUG: (?:\w+ )?stack guard page was hit`), title: "BUG: stack guard page was hit", in: true, kind: matrix.KindPageFault, naming: naming{pick: pickStalled}},
	{mark: "stack", re: re(`^(?:Oops: )?(?:kernel stack overflow \(double-fault\)|stack guard page): `), title: "BUG: stack guard page was hit", in: true, kind: matrix.KindOops, role: detail, naming: naming{pick: pickStalled}},
	{mark: "general protection fault", re: re(`general protection fault(?:, .*|: .*)\[#\d+\]|(?:Oops: )?general protection fault, (?:probably|maybe) for`), title: "general protection fault", in: true, kind: matrix.KindProtection, role: detail},
	{mark: "divide error", re: re(`^(?:Oops: )?divide error: `), title: "divide error", in: true, kind: matrix.KindOops, role: detail},
	{mark: "invalid opcode", re: re(`^(?:Oops: )?invalid opcode: `), title: "invalid opcode", in: true, kind: matrix.KindOops, role: detail},
	{mark: "int3", re: re(`^(?:Oops: )?int3: `), title: "int3", in: true, kind: matrix.KindOops, role: detail},
	{mark: "stack segment", re: re(`^(?:Oops: )?stack segment: `), title: "stack segment fault", in: true, kind: matrix.KindOops, role: detail},
	{mark: "double fault", re: re(`^(?:(?:traps: )?PANIC: double fault|(?:Oops: )?double fault: )`), title: "PANIC: double fault", in: true, kind: matrix.KindOops, role: detail},
	{mark: "Internal error: ", re: re(`^Internal error: (synchronous (?:external|parity)[\w ]*|SP/PC alignment[\w ]*|undefined instruction|BRK handler[\w ]*|softirq[\w ]*)[:,]? `), title: "Internal error: $1", in: true, kind: matrix.KindOops, role: detail},
	{mark: "Oops", re: re(`^(?:\S+ )?(?:Internal error: )?Oops(?: - [\w ]+)?: `), title: "oops", in: true, kind: matrix.KindOops, role: detail},
	{mark: "stack-protector", re: re(`Kernel panic - not syncing: stack-protector: .* in: (\w+)`), title: "kernel panic: stack is corrupted in $1", kind: matrix.KindPanic, role: ends},
	{mark: "corrupted stack end", re: re(`Kernel panic - not syncing: corrupted stack end detected`), title: "kernel panic: corrupted stack end", in: true, kind: matrix.KindPanic, role: ends, naming: naming{pick: pickStalled, skip: re(`schedule|retint_kernel`)}},
	{mark: "Kernel panic", re: re(`Kernel panic - not syncing: (.*)`), title: "$1", kind: matrix.KindPanic, role: ends},
}
