package oops

import "kmatrix/matrix"

// bugRules are for what the kernel checks itself: BUG(), Rust's panics, sleeping and
// preemption where there must be none, references that are left. The lines are those of
// lib/bug.c, rust/kernel/lib.rs, kernel/sched/core.c, lib/smp_processor_id.c, fs/dcache.c,
// fs/super.c and net/core/dev.c.
var bugRules = []rule{
	{kind: matrix.KindBug, mark: "rust_kernel: panicked", re: re(`rust_kernel: panicked at (?:'(.*)', )?`), title: "$1", in: true, skip: oneOf(`rust_begin_unwind`, `rust_helper_BUG`), role: preface},
	// Most of what works on network packets checks for its callers.
	{kind: matrix.KindBug, mark: "kernel BUG at", re: re(`kernel BUG at \S+:\d+`), title: "kernel BUG", in: true, skip: oneOf(`^skb_`), role: detail},
	{kind: matrix.KindBug, mark: "kernel BUG at", re: re(`kernel BUG at ` + funcPattern), title: "kernel BUG", in: true, function: 1, skip: oneOf(`^skb_`), role: detail},
	{kind: matrix.KindBug, mark: "Kernel BUG", re: re(`^Kernel BUG (.*)`), title: "kernel BUG $1", role: detail},

	{kind: matrix.KindSanityBug, mark: "sleeping function", re: re(`BUG: sleeping function called from invalid context`), title: "BUG: sleeping function called from invalid context", in: true},
	{kind: matrix.KindSanityBug, mark: "scheduling while atomic", re: re(`BUG: scheduling while atomic`), title: "BUG: scheduling while atomic", in: true, skip: oneOf(`schedule`)},
	{kind: matrix.KindSanityBug, mark: "using ", re: re(`BUG: using (\w+\(\)) in preemptible`), title: "BUG: using $1 in preemptible code", in: true, skip: oneOf(`dump_stack`, `preempt`, `debug_`, `processor_id`, `this_cpu`)},
	// The warning that follows is of the check itself.
	{kind: matrix.KindSanityBug, mark: "still in use", re: re(`BUG: Dentry .* still in use(?: \(-?\d+\))?(?: +\[(\w+) of )?`), title: "BUG: Dentry still in use in $1", role: preface},
	{kind: matrix.KindSanityBug, mark: "unregister_netdevice: waiting", re: re(`unregister_netdevice: waiting for .* to become free`), title: "unregister_netdevice: waiting for DEV to become free"},
	{kind: matrix.KindSanityBug, mark: "VFS: Busy inodes", re: re(`VFS: Busy inodes after unmount`), title: "VFS: Busy inodes after unmount (use-after-free)", role: preface},
	{kind: matrix.KindSanityBug, mark: "VFS: Close", re: re(`VFS: Close: file count is (?:0|zero)`), title: "VFS: Close: file count is zero (use-after-free)"},
	{kind: matrix.KindSanityBug, mark: "BUG: ", re: re(`^(?:[\w. /-]{1,40}: )?(BUG: [A-Za-z].*)`), title: "$1"},
}
