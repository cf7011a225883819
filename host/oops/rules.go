package oops

import "slices"

// rules are tried in this order.
// The lines are those of lib/bug.c, arch/*/kernel/{dumpstack,traps}.c,
// arch/*/mm/fault.c, kernel/{panic,hung_task,watchdog,workqueue}.c,
// kernel/rcu/{tree_stall,tasks}.h, kernel/locking/lockdep.c, mm/{oom_kill,page_alloc,
// usercopy,kmemleak}.c, mm/{kasan,kfence,kmsan}/report.c, kernel/kcsan/report.c,
// lib/{ubsan,list_debug,refcount,debugobjects}.c, rust/kernel/lib.rs.
var rules = slices.Concat(rulesOfSanitizers, rulesOfStalls, rulesOfLocks, rulesOfWarnings, rulesOfOopses, rulesOfBugs, rulesOfFileSystems)

// Functions that are nobody's fault in some kinds of reports.
var (
	skipAllocation = re(`kmem|slab|k[mvz]*alloc|kcalloc|vmalloc|alloc_pages|^k?v?free`)
	skipFreeing    = re(`kmem_|slab_|kfree|vunmap|vfree`)
	skipObjects    = re(`debug_|rcu|hrtimer_|timer_|work_|percpu_|kmem_|slab_|kfree|vunmap|vfree|^_*free_|kobject_`)
	skipLeaks      = re(`kmemleak|alloc|mmap|kmem|slab|create_object|idr_get|list_lru_init|asprintf|pcpu_create|str(?:n|)dup|memdup`)
	skipRCU        = re(`rcu|kmem|slab|k[mz]alloc|vmalloc|kcalloc`)
	skipUSB        = re(`^usb_(?:submit_urb|start_wait_urb|bulk_msg|interrupt_msg|control_msg\w*)$`)
	skipWorkqueues = re(`^(?:process_one_work|process_scheduled_works|_*flush_workqueue|drain_workqueue|destroy_workqueue|_*flush_work)$`)
)
