package oops

import "kmatrix/matrix"

// Warnings are "WARNING: CPU: 0 PID: 7 at FILE:LINE FUNCTION" and, since 6.18,
// "WARNING: [condition] FILE:LINE at FUNCTION, CPU#0: a/7", where the condition may be
// left out. warningAt ends before FILE, and warning before FUNCTION.
const (
	warningAt = `WARNING: (?:CPU: \d+ PID: \d+ at |\[.*\] )?`
	warning   = `WARNING: (?:CPU: \d+ PID: \d+ at \S+|(?:\[.*\] )?[\w./-]+:\d+ at) `
)

// rulesOfWarnings are of WARN() and of what says more of one.
var rulesOfWarnings = []rule{
	{mark: "list_", re: re(`^(?:slab )?list_(?:add|del)(?: double add| corruption)`), title: "BUG: corrupted list", in: true, kind: matrix.KindListCorruption, role: preface},
	{mark: "refcount_t: ", re: re(`^refcount_t: `), title: "WARNING: refcount bug", in: true, kind: matrix.KindWarning, role: preface, naming: naming{skip: re(`^_*refcount_|^kobject_`)}},
	{mark: "usercopy: ", re: re(`^usercopy: `), title: "BUG: bad usercopy", in: true, kind: matrix.KindBug, role: preface, naming: naming{skip: re(`usercopy|^_*check`)}},
	{mark: "WARNING: ", re: re(warningAt + `lib/list_debug\.c`), title: "BUG: corrupted list", in: true, kind: matrix.KindListCorruption, role: detail},
	{mark: "WARNING: ", re: re(warningAt + `lib/debugobjects\.c.* debug_`), title: "WARNING: ODEBUG bug", in: true, kind: matrix.KindWarning, role: detail, naming: naming{skip: skipObjects}},
	{mark: "WARNING: ", re: re(warningAt + `mm/usercopy\.c.* usercopy_warn`), title: "WARNING: bad usercopy", in: true, kind: matrix.KindWarning, role: detail, naming: naming{skip: re(`usercopy|^_*check`)}},
	{mark: "WARNING: ", re: re(warningAt + `lib/kobject\.c.* kobject_`), title: "WARNING: kobject bug", in: true, kind: matrix.KindWarning, role: detail, naming: naming{skip: re(`kobject_`)}},
	{mark: "WARNING: ", re: re(warningAt + `fs/proc/generic\.c.* proc_register`), title: "WARNING: proc registration bug", in: true, kind: matrix.KindWarning, role: detail, naming: naming{skip: re(`proc_`)}},
	{mark: "WARNING: ", re: re(warningAt + `lib/refcount\.c.* refcount_`), title: "WARNING: refcount bug", in: true, kind: matrix.KindWarning, role: detail, naming: naming{skip: re(`^_*refcount_|^kobject_`)}},
	{mark: "WARNING: ", re: re(warningAt + `kernel/locking/lockdep\.c.*lock_`), title: "WARNING: locking bug", in: true, kind: matrix.KindWarning, role: detail, naming: naming{skip: re(`lock_sock|release_sock`)}},
	{mark: "WARNING: ", re: re(warningAt + `mm/vmalloc\.c.* __vmalloc`), title: "WARNING: zero-size vmalloc", in: true, kind: matrix.KindWarning, role: detail, naming: naming{skip: re(`vmalloc|vzalloc`)}},
	{mark: "WARNING: ", re: re(warningAt + `mm/\S+\.c.* _*k?.?malloc`), title: "WARNING: kmalloc bug", in: true, kind: matrix.KindWarning, role: detail, naming: naming{skip: skipAllocation}},
	{mark: "WARNING: ", re: re(warning + `usb_submit_urb`), title: "WARNING", in: true, kind: matrix.KindWarning, role: detail, naming: naming{skip: skipUSB, suffix: "/usb_submit_urb"}},
	{mark: "WARNING: ", re: re(warning + `(?:` + funcPattern + `)?`), title: "WARNING", in: true, function: 1, kind: matrix.KindWarning, role: detail},
	{mark: "WARNING: ", re: re(`WARNING: kernel stack regs .* has bad '(\w+)' value`), title: "WARNING: kernel stack regs has bad '$1' value", kind: matrix.KindWarning},
	{mark: "WARNING: ", re: re(`WARNING: kernel stack frame pointer .* has bad value`), title: "WARNING: kernel stack frame pointer has bad value", kind: matrix.KindWarning},
	{mark: "WARNING: ", re: re(`WARNING: (kernel stack|stack recursion|stack going|can't dereference|can't access)`), title: "WARNING: $1", kind: matrix.KindWarning},
}
