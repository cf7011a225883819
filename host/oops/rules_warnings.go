package oops

import "kmatrix/matrix"

// place is the file and line of a warning, and of kernels since 6.18 the condition
// before it, the CPU behind the function.
const place = `(?:CPU: \d+ (?:UID: \d+ )?PID: \d+ at |\[.*\] )?`

// warningRules are for WARN() (kernel/panic.c, __warn), which says where it stands: what
// checks on behalf of others is named by whom it checked.
var warningRules = []rule{
	inFile(`lib/debugobjects\.c`, "WARNING: ODEBUG bug", `debug_`, `rcu`, `hrtimer_`, `timer_`, `work_`, `percpu_`, `vunmap`, `vfree`, `__free_`, `kobject_`),
	inFile(`mm/usercopy\.c`, "WARNING: bad usercopy", `usercopy`, `__check`),
	inFile(`lib/kobject\.c`, "WARNING: kobject bug", `kobject_`),
	inFile(`fs/proc/generic\.c`, "WARNING: proc registration bug", `proc_`),
	inFile(`lib/refcount\.c`, "WARNING: refcount bug", `refcount`, `kobject_`),
	inFile(`mm/[\w/-]+\.c:\d+ (?:at )?k?.?malloc`, "WARNING: kmalloc bug", `kmalloc`, `krealloc`, `slab`, `kmem`),
	inFile(`mm/vmalloc\.c:\d+ (?:at )?__vmalloc_node`, "WARNING: zero-size vmalloc"),
	{kind: matrix.KindWarning, mark: "usb_submit_urb", re: re(`WARNING: ` + place + `\S+:\d+ (?:at )?usb_submit_urb`), title: "WARNING", in: true, suffix: "/usb_submit_urb", skip: oneOf(`usb_submit_urb`, `usb_start_wait_urb`, `usb_bulk_msg`, `usb_interrupt_msg`, `usb_control_msg`), role: detail},
	{kind: matrix.KindWarning, mark: "WARNING: ", re: re(`WARNING: CPU: \d+ (?:UID: \d+ )?PID: \d+ at \S+(?: ` + funcPattern + `)?`), title: "WARNING", in: true, function: 1, named: true, role: detail},
	{kind: matrix.KindWarning, mark: "WARNING: ", re: re(`WARNING: (?:\[.*\] )?[\w./-]+:\d+ at (?:` + funcPattern + `|0x[0-9a-f]+)`), title: "WARNING", in: true, function: 1, named: true, role: detail},
	// Before 3.x the processor stood elsewhere.
	{kind: matrix.KindWarning, mark: "WARNING: at ", re: re(`WARNING: at \S+:\d+ (?:` + funcPattern + `)?`), title: "WARNING", in: true, function: 1, named: true, role: detail},
	{kind: matrix.KindWarning, mark: "WARNING: kernel stack", re: re(`WARNING: kernel stack regs at [0-9a-f]+ in \S+ has bad '([^']+)' value`), title: "WARNING: kernel stack regs has bad '$1' value"},
	{kind: matrix.KindWarning, mark: "WARNING: kernel stack", re: re(`WARNING: kernel stack frame pointer at [0-9a-f]+ in \S+ has bad value`), title: "WARNING: kernel stack frame pointer has bad value"},
	{kind: matrix.KindWarning, mark: "WARNING: ", re: re(`(WARNING: (?:kernel stack|stack recursion|stack going|can't dereference|can't access)\b.*)`), title: "$1"},
}

// inFile is the rule for warnings of one file, or one function of it, that has a name of
// its own.
func inFile(file, title string, skip ...string) rule {
	r := rule{kind: matrix.KindWarning, mark: "WARNING: ", re: re(`WARNING: ` + place + file), title: title, in: true, role: detail}
	if len(skip) > 0 {
		r.skip = oneOf(skip...)
	}
	return r
}
