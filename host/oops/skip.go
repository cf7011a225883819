package oops

import (
	"regexp"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// helpers are functions that stand in stacks and are nobody's fault: those that
// report, and those that only did as they were told. A pattern without an anchor
// matches any part of a name, since kernels have such functions in many variants. What
// stands here is what the dashboard of syzbot leaves out, too: titles are to be its.
var helpers = oneOf(
	// Reporting: panics, warnings, dumps of stacks and of memory.
	`panic`, `assertfail`, `report_bug`, `fixup_bug`, `__warn`, `warn_(?:slowpath|alloc|bogus)`, `__fortify_report`, `^get_taint$`,
	`(?:dump|show|walk|arch)_stack`, `dump_backtrace`, `stack_trace_(?:save|consume_entry)`,
	`print_(?:report|address_description|usage_bug|unlock|tainted|hex_dump)`, `hex_dump_to_buffer`, `imbalance_bug`,
	// Traps of x86, arm64 and powerpc.
	`invalid_op`, `do_error`, `_trap$`, `do_trap`, `program_check_(?:exception|common)`, `do_(?:kernel|translation)_fault`, `do_mem_abort`, `el1_abort`, `el1h_64_sync`,
	// What compilers and the kernel's debugging put in between.
	`__sanitizer`, `__asan`, `kasan`, `hwasan`, `__msan`, `kmsan`, `kcsan_setup_watchpoint`, `check_memory_region`, `check_(?:heap_)?object`,
	`read_word_at_a_time`, `(?:read|write)_once_.*nocheck`, `_indirect_thunk_`, `perf_trace`,
	`lockdep`, `lock_(?:acquire|release|class)`, `mark_(?:lock|held_locks)`, `reacquire_held_locks`, `(?:trace|lockdep)_(?:hard|soft)irq`,
	`debug_object`, `(?:timer|work)_is_static_object`, `ref_tracker`, `seqprop_assert`, `might_(?:fault|sleep)`, `__might_resched`,
	// Locks and waiting.
	`(?:spin|read|write)_(?:try|un)?lock`, `raw_spin_rq`, `bh_(?:en|dis)able`, `^down$`, `down_(?:read|write|trylock)`, `up_(?:read|write)`,
	`^(?:__|rt_)?mutex_`, `owner_on_cpu`, `osq_(?:un)?lock`, `^(?:un)?lock_page`, `__wake_up`, `^complete$`, `wait_for_completion`, `finish_wait`, `kthread_stop`,
	// Memory and the page cache.
	`[mzc]alloc`, `krealloc`, `alloc_page`, `__alloc_frozen_pages`, `kmem_cache`, `slab_`, `allocate_slab`, `^kv?free$`, `kfree_skb`, `__phys_addr`,
	`folio_(?:alloc|unlock)`, `filemap_(?:alloc|get)_folio`, `find_or_create_page`, `do_read_cache_folio`, `(?:read_cache|pagecache_get)_page`, `grab_cache_page_write_begin`,
	`find_lock_entries`, `truncate_inode_pages_range`,
	// Copies, strings, printing.
	`mem(?:cpy|cmp|set|chr|move|dup)`, `str(?:n?cmp|n?cpy|lcpy|scpy|n?len|n?str|chr|n?dup)`, `string`, `pointer`,
	`copy_(?:to|from)_(?:user|iter)`, `copy_(?:page|folio)_(?:to|from)_iter`, `^copy(?:in|out)$`, `(?:put|get)_user`, `extract_(?:user|iter)_to_sg`,
	`printk`, `s[cn]+printf`, `kv?asprintf`, `va_format`, `dev_(?:info|notice|warn|err|alert|crit|emerg)`,
	`(?:read|write)[bwlq]$`, `logic_(?:in|out)`, `^crc\d+`, `crc_itu_t`,
	// Lists, trees, counts, bits.
	`list_(?:add|del|replace|move|splice)`, `^klist_`, `^(?:__)?rb_`, `xas_(?:start|load|find)`, `rhashtable_lookup`, `ida_free`,
	`^refcount_`, `^kref_`, `atomic(?:64)?_(?:dec|inc|read|set|or|xor|and|add|sub|fetch|xchg|cmpxchg|try)`, `(?:set|clear|change|test)_bit`,
	`^iput(?:_final)?$`, `^ihold$`, `drop_nlink`, `dput`, `cleanup_srcu_struct`,
	// Timers and work, which are somebody's.
	`del_timer`, `lock_timer_base`, `__timer_delete_sync`, `sk_stop_timer_sync`, `__mod_timer`,
	`flush_work`, `__cancel_work_timer`, `cancel_work_sync`, `try_to_grab_pending`, `(?:flush|drain|destroy)_workqueue`, `queue_work`, `insert_work`, `__queue_delayed_work`, `queue_delayed_work_on`,
	// The driver core, whose callers are at fault.
	`kobject_`, `add_uevent_var`, `get_device_parent`, `^put_device$`, `device_(?:add|del|unregister|destroy|release|for_each_child|remove_file)`, `devres_release_all`, `sysfs_remove`,
	`hwrng_unregister`, `i2c_del_adapter`, `__unregister_client`, `rollback_registered`, `unregister_netdev`, `tty_unregister_device`,
	`dummy_urb_enqueue`, `usb_(?:kill_urb|kill_anchored_urbs|control_msg|hcd_submit_urb|submit_urb)`,
)

// reporters are functions that do no more than report and stand in stacks alone: no
// title has ever been theirs.
var reporters = oneOf(
	`^(?:die|die_addr|die_body|__die\w*|oops_(?:begin|end|exit)|no_context|_*bad_area\w*|page_fault_oops|kernelmode_fixup_or_oops)$`,
	`^(?:show_(?:regs|trace)\w*|sched_show_task|print_\w*(?:bug|dependency|wait_context|report)|__bug_\w+|handle_bug|slab_bug|object_err|bad_page|print_bad_pte|__schedule_bug)$`,
	`^(?:check_(?:noncircular|prev_add|prevs_add|irq_usage|wait_context|deadlock|usage\w*|preemption_disabled)|validate_chain|valid_state|mark_usage|debug_(?:smp_processor_id|spin_\w+|write_lock\w*|rt_mutex\w*|check_no_\w+)|spin_bug|rwlock_bug|do_raw_\w+)$`,
	`^(?:__ubsan\w*|ubsan_\w+|val_to_string|__kcsan\w*|kcsan_\w+|__tsan\w*|kfence_\w+|refcount_\w+|usercopy_abort|__stack_chk_fail|free_debug_processing|free_to_partial_list|check_bytes_and_report|report_\w*(?:access|free)|__virt_addr_valid|_*copy_overflow)$`,
	`^(?:arch_trigger_\w+|(?:lapic|native)_\w*backtrace\w*|trigger_\w*backtrace\w*|nmi_\w+|__die_header)$`,
)

// subjects are functions that a pattern of helpers matches by mistake.
var subjects = regexp.MustCompile(`^slab_attr_(?:show|store)$`)

// entries are how the kernel is entered and left, and how interrupts run what they are
// for: they end stacks, and tell nothing apart.
var entries = oneOf(
	`^(?:(?:asm_)?(?:exc|sysvec|common_interrupt)\w*|error_entry|entry_\w+|do_syscall_\w+|do_(?:fast|int80)_syscall_\w+|(?:x64|ia32)_sys_call|syscall_(?:return|exit|enter)_\w+|ret_from_\w+|(?:common_startup|secondary_startup|x86_64_start)\w*)$`,
	`^(?:el0\w*|el1\w*|invoke_syscall|do_el0_svc|gic_handle_irq|arch_timer_handler_\w+|handle_percpu_devid_irq|generic_handle_\w+|__handle_domain_irq)$`,
	`^(?:do_(?:user|kern)_addr_fault|handle_page_fault|(?:__)?do_page_fault|page_fault|async_page_fault)$`,
	`^(?:(?:smp_|local_)?apic_timer_interrupt|smp_apic_\w+|__sysvec_\w+|tick_\w+|_*hrtimer_(?:interrupt|run\w*)|update_process_times|_*irq_exit\w*|run_irq_on_irqstack\w*|call_on_\w*irqstack\w*|handle_softirqs|_*do_softirq\w*|call_timer_fn|expire_timers|_*run_timers?\w*|rcu_(?:core|do_batch)\w*|run_ksoftirqd|smpboot_thread_fn|do_IRQ)$`,
)

// oneOf matches a name that one of the patterns matches, or a part of it.
func oneOf(patterns ...string) *regexp.Regexp { return regexp.MustCompile(strings.Join(patterns, "|")) }

// isHelper reports whether the frame's function is nobody's fault; skip names more that
// is not where a report of one sort is concerned, nil for none.
func isHelper(f matrix.Frame, skip *regexp.Regexp) bool {
	return !subjects.MatchString(f.Function) && (matchesIn(f, helpers) || reporters.MatchString(f.Function) || skip != nil && matchesIn(f, skip))
}

// matchesIn reports whether a pattern matches the frame's function. Helpers belong to the
// kernel itself, and to the libraries among its modules: another module can have a
// function whose name ends as theirs does, but none that begins so.
func matchesIn(f matrix.Frame, re *regexp.Regexp) bool {
	m := re.FindStringIndex(f.Function)
	return m != nil && (f.Module == "" || m[0] <= len(f.Function)-len(strings.TrimLeft(f.Function, "_")))
}

// own leaves out the frames of helpers, and behind the first frame that is left those
// by which the kernel was entered.
func own(frames []matrix.Frame, skip *regexp.Regexp) []matrix.Frame {
	var list []matrix.Frame
	for _, f := range frames {
		if !isHelper(f, skip) && (len(list) == 0 || !entries.MatchString(f.Function)) {
			list = append(list, f)
		}
	}
	return list
}

// tells reports whether any frame is not a helper's.
func tells(frames []matrix.Frame, skip *regexp.Regexp) bool {
	return slices.ContainsFunc(frames, func(f matrix.Frame) bool { return !isHelper(f, skip) })
}

// isIdle reports whether a CPU that is there does nothing.
func isIdle(function string) bool {
	return strings.Contains(function, "idle") || strings.Contains(function, "halt") || strings.HasPrefix(function, "mwait")
}
