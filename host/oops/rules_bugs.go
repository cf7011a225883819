package oops

import "kmatrix/matrix"

// rulesOfBugs are of BUG() and of what the kernel found to be wrong.
var rulesOfBugs = []rule{
	{mark: "panicked at", re: re(`rust_kernel: panicked at '(.*)', `), title: "$1", in: true, kind: matrix.KindBug, role: preface},
	{mark: "panicked at", re: re(`rust_kernel: panicked at `), title: "Rust panic", in: true, kind: matrix.KindBug, role: preface, naming: naming{next: true}},
	{mark: "kernel BUG at", re: re(`kernel BUG at mm/usercopy\.c`), title: "BUG: bad usercopy", in: true, kind: matrix.KindBug, role: detail, naming: naming{skip: re(`usercopy|^_*check`)}},
	{mark: "kernel BUG at", re: re(`kernel BUG at lib/list_debug\.c`), title: "BUG: corrupted list", in: true, kind: matrix.KindBug, role: detail},
	{mark: "kernel BUG at", re: re(`kernel BUG at \S+:\d+`), title: "kernel BUG", in: true, kind: matrix.KindBug, role: detail},
	{mark: "sleeping function", re: re(`BUG: sleeping function called from invalid context`), title: "BUG: sleeping function called from invalid context", in: true, kind: matrix.KindSanityBug},
	{mark: "scheduling while atomic", re: re(`BUG: scheduling while atomic`), title: "BUG: scheduling while atomic", in: true, kind: matrix.KindSanityBug},
	{mark: "using ", re: re(`BUG: using (\w+\(\)) in preemptible`), title: "BUG: using $1 in preemptible code", in: true, kind: matrix.KindSanityBug, naming: naming{skip: re(`dump_stack|preempt|debug_|processor_id|this_cpu`)}},
	{mark: "Bad ", re: re(`BUG: (Bad page state|Bad page map|Bad page cache|Bad rss-counter state)`), title: "BUG: $1", in: true, kind: matrix.KindSanityBug},
	{mark: "still in use", re: re(`BUG: Dentry .* still in use \(\d+\) ?\[(\w+) of `), title: "BUG: Dentry still in use in $1", kind: matrix.KindSanityBug, role: preface},
	{mark: "on freeing mm", re: re(`BUG: (non-zero \w+ on freeing mm)`), title: "BUG: $1", kind: matrix.KindSanityBug},
	{mark: "Object already free", re: re(`^BUG .*: Object already free`), title: "BUG: Object already free", kind: matrix.KindSanityBug},
	{mark: "BUG ", re: re(`^BUG [\w-]+ \([^)]*\): ([A-Z][\w -]+)`), title: "BUG: SLUB: $1", in: true, kind: matrix.KindSanityBug},
	{mark: "lock ", re: re(`BUG: (rw|spin)lock ([a-z ]+?) on CPU`), title: "BUG: ${1}lock $2", in: true, kind: matrix.KindSanityBug, naming: naming{skip: re(`spin_`)}},
	{mark: "BUG: ", re: re(`^BUG: ([A-Za-z][\w' -]{2,60})`), title: "BUG: $1", in: true, kind: matrix.KindSanityBug},
	{mark: "Busy inodes", re: re(`VFS: Busy inodes after unmount`), title: "VFS: Busy inodes after unmount (use-after-free)", kind: matrix.KindSanityBug},
	{mark: "unregister_netdevice", re: re(`unregister_netdevice: waiting for .* to become free`), title: "unregister_netdevice: waiting for DEV to become free", kind: matrix.KindSanityBug},
	{mark: "invoked oom-killer", re: re(`^.{1,32} invoked oom-killer: `), title: "out of memory", kind: matrix.KindOOM, role: preface},
	{mark: "ut of memory: ", re: re(`^(Memory cgroup o|O)ut of memory: Kill(?:ed)? process \d+,? \(([^)]{1,32})\)`), title: "${1}ut of memory: killed $2", kind: matrix.KindOOM, role: detail},
}
