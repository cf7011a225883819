package oops

import "kmatrix/matrix"

// memoryRules are for what the sanitizers, the allocators and the checks of data
// structures found. The lines are those of mm/{kasan,kfence,kmsan}/report.c,
// kernel/kcsan/report.c, lib/{ubsan,list_debug,refcount}.c, mm/{kmemleak,slub,usercopy,
// page_alloc,memory}.c.
var memoryRules = []rule{
	{kind: matrix.KindKASAN, mark: "KASAN: ", re: re(`BUG: KASAN: (?:double-free or invalid-free|double-free|invalid-free) in (?:` + funcPattern + `)?`), title: "KASAN: invalid-free", in: true, function: 1, named: true, skip: oneOf(`slab_`, `kfree`, `vunmap`, `vfree`)},
	{kind: matrix.KindKASAN, mark: "KASAN: ", re: re(`BUG: KASAN: ([a-z-]+) in (?:` + funcPattern + `)?`), title: "KASAN: $1", in: true, function: 2, named: true, skip: oneOf(`kernel_fault`, `tag_check`, `mem_abort`, `^el1h?_`)},
	{kind: matrix.KindKASAN, mark: "KASAN: ", re: re(`BUG: KASAN: ([a-z-]+) on address`), title: "KASAN: $1"},
	{kind: matrix.KindKASAN, mark: "KASAN: ", re: re(`BUG: KASAN: ([\w -]+)`), title: "KASAN: $1"},
	{kind: matrix.KindKFENCE, mark: "KFENCE: ", re: re(`BUG: KFENCE: ([\w -]+?) in (?:` + funcPattern + `)?`), title: "KFENCE: $1", in: true, function: 2, named: true},
	{kind: matrix.KindKMSAN, mark: "KMSAN: ", re: re(`BUG: KMSAN: (kernel-usb-infoleak) in (?:` + funcPattern + `)?`), title: "KMSAN: $1", in: true, function: 2, skip: oneOf(`alloc_skb`, `usb_submit_urb`, `usb_start_wait_urb`, `usb_bulk_msg`, `usb_interrupt_msg`, `usb_control_msg`)},
	// Encryption is where values are used, and not who left them uninitialised.
	{kind: matrix.KindKMSAN, mark: "KMSAN: ", re: re(`BUG: KMSAN: ([\w -]+?) in (?:` + funcPattern + `)?`), title: "KMSAN: $1", in: true, function: 2, skip: oneOf(`alloc_skb`, `netlink_ack`, `netlink_rcv_skb`, `_encrypt$`, `^(?:crypto|cipher|drbg|rng)_`)},
	{kind: matrix.KindKCSAN, mark: "KCSAN: ", re: re(`BUG: KCSAN: ([\w -]+?) in (\w[\w.]*)(?:\+0x[0-9a-f]+/0x[0-9a-f]+)?(?: \[[\w-]+\])? / (\w[\w.]*)`), title: "KCSAN: $1 in $2 / $3"},
	{kind: matrix.KindKCSAN, mark: "KCSAN: ", re: re(`BUG: KCSAN: (.+)`), title: "KCSAN: $1"},
	{kind: matrix.KindUBSAN, mark: "UBSAN: ", re: re(`UBSAN: Undefined behaviour in `), title: "UBSAN: undefined-behaviour", in: true, skip: oneOf(`ubsan`, `overflow`)},
	{kind: matrix.KindUBSAN, mark: "UBSAN: ", re: re(`UBSAN: ([a-zA-Z][\w -]*?) in `), title: "UBSAN: $1", in: true, skip: oneOf(`ubsan`, `overflow`)},
	{kind: matrix.KindSanityBug, mark: "memory leak", re: re(`^BUG: memory leak`), title: "memory leak", in: true, skip: oneOf(`kmemleak`, `mmap`, `kmem`, `slab`, `alloc`, `create_object`, `idr_get`, `list_lru_init`, `asprintf`, `pcpu_create`, `str(?:n)?dup`, `memdup`)},

	{kind: matrix.KindListCorruption, mark: "list_", re: re(`^(?:slab )?list_(?:add|del)(?: double add| corruption)`), title: "BUG: corrupted list", in: true, role: preface},
	{kind: matrix.KindListCorruption, mark: "lib/list_debug.c", re: re(`(?:kernel BUG at |WARNING: .*)lib/list_debug\.c`), title: "BUG: corrupted list", in: true, role: detail},
	{kind: matrix.KindWarning, mark: "refcount_t: ", re: re(`^refcount_t: `), title: "WARNING: refcount bug", in: true, skip: refcounts, role: preface},
	{kind: matrix.KindBug, mark: "usercopy: ", re: re(`^usercopy: `), title: "BUG: bad usercopy", in: true, skip: usercopies, role: preface},
	{kind: matrix.KindBug, mark: "mm/usercopy.c", re: re(`kernel BUG at mm/usercopy\.c`), title: "BUG: bad usercopy", in: true, skip: usercopies, role: detail},

	{kind: matrix.KindSanityBug, mark: "Bad page ", re: re(`BUG: Bad page (state|cache)`), title: "BUG: Bad page $1", in: true, site: allocation, skip: oneOf(`(?:free|put|get|update|release)_page`, `free_unref`, `^_*folio`, `truncate_inode_pages`, `page_frag_free`, `alloc`, `vmap`, `page_owner`)},
	{kind: matrix.KindSanityBug, mark: "Bad ", re: re(`BUG: (Bad page map|Bad rss-counter state)`), title: "BUG: $1"},
	{kind: matrix.KindSanityBug, mark: "on freeing mm", re: re(`BUG: non-zero (nr_ptes|nr_pmds) on freeing mm`), title: "BUG: non-zero $1 on freeing mm"},
	{kind: matrix.KindSanityBug, mark: "BUG kmalloc-", re: re(`^BUG kmalloc-.*: Object already free`), title: "BUG: Object already free"},
	{kind: matrix.KindSanityBug, mark: "BUG ", re: re(`^BUG [\w-]+ \([^)]*\): ([A-Z][\w -]+)`), title: "BUG: SLUB: $1", in: true},

	{kind: matrix.KindOOM, mark: "invoked oom-killer", re: re(`^.{1,32} invoked oom-killer: `), title: "out of memory", role: preface},
	{kind: matrix.KindOOM, mark: "ut of memory: ", re: re(`^(Memory cgroup o|O)ut of memory: Kill(?:ed)? process \d+,? \(([^)]{1,32})\)`), title: "${1}ut of memory: killed $2", role: detail},
}

var (
	refcounts  = oneOf(`refcount`, `kobject_`)
	usercopies = oneOf(`usercopy`, `__check`)
)
