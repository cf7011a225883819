package oops

import (
	"regexp"
	"strings"

	"kmatrix/matrix"
)

// machinery are functions that stand in stacks and are nobody's fault: those that
// report, those that every entry into the kernel passes, and the helpers that only
// did as they were told: locks, waiting, memory, copies, strings, lists, counts.
var machinery = regexp.MustCompile(`^(?:` + strings.Join([]string{
	// Reporting.
	`_*dump_stack\w*|dump_backtrace\w*`, `show_(?:stack|regs|trace)\w*`, `sched_show_task`, `panic|vpanic|nmi_panic`, `__warn\w*|warn_slowpath\w*|_*report_bug|__bug_\w+|handle_bug|fixup_bug`,
	`oops_\w+|die|die_body|die_addr|__die|__die_body|__die_header|no_context|__bad_area\w*|bad_area\w*|page_fault_oops|kernelmode_fixup\w*|do_user_addr_fault|do_kern_addr_fault|__do_page_fault|handle_page_fault|spurious_\w+`,
	`print_\w*(?:report|address|bug|lock|usage|deadlock|circular|unlock)\w*|print_report|print_\w+_report|end_report|start_report|report_\w*(?:access|suspend|free|hang)\w*`,
	`_*kasan_\w+|__virt_addr_valid|__asan_\w+|check_region_inline|check_memory_region\w*|memory_is_poisoned\w*|_*kcsan_\w+|__tsan_\w+|_*ubsan_\w+|val_to_string|_*kmsan_\w+|__msan_\w+|kfence_\w+|object_err|slab_(?:bug|err|fix|pad_check)|check_\w+_slab\w*|bad_page|free_debug_processing|free_to_partial_list|check_bytes_and_report|check_object`,
	`_*lockdep_\w+|lock_(?:acquire|release|is_held)\w*|__lock_(?:acquire|release)\w*|check_(?:noncircular|prev\w*|irq_usage|wait_context|deadlock|usage\w*|flags\w*)|validate_chain\w*|mark_\w*lock\w*|mark_usage|register_lock_class|valid_state|debug_(?:check_no|locks|show|object|print|mutex|spin|rt_mutex)\w*|rcu_lockdep\w*`,
	`_*might_(?:sleep|resched|fault)\w*|__schedule_bug|check_preemption_disabled|__this_cpu_preempt_check|debug_smp_processor_id`,
	`nmi_\w+|arch_trigger_(?:all|single|cpumask)\w+|trigger_\w+|watchdog_\w+|rcu_(?:dump|check|sched_clock|check_gp)\w+|print_cpu_stall\w*|check_cpu_stall\w*|check_hung\w*|(?:lapic|native)_\w*(?:backtrace|nmi)\w*|perf_event_nmi_handler|default_do_nmi|exc_nmi|end_repeat_nmi|asm_exc_nmi|first_nmi`,
	`refcount_\w+|__refcount_\w+|usercopy_abort|_*check_(?:object|heap_object|bogus)\w*|fortify_panic|__fortify_\w+|__stack_chk_fail`,
	`_*sanitizer_\w+|__cfi_\w+|kcov_\w+|perf_trace\w*|trace_event_raw\w*|\w*panic\w*|ass(?:ert)?fail|\w*assert(?:ion)?_fail(?:ed|ure)?|rust_helper_BUG|rust_begin_unwind|__rustc::rust_begin_unwind|core::panicking::.*|warn_alloc\w*|read_word_at_a_time|(?:timer|work)_is_static_object|reacquire_held_locks|dump_page|stack_trace_\w+|arch_stack_walk\w*|stack_depot_\w+|save_stack\w*|program_check_\w+`,
	`v?s[cn]*printf|_*k?v?asprintf\w*|_*printk\w*|vprintk\w*|va_format|string|string_nocheck|pointer|format_decode|number|_?dev_(?:info|notice|warn|err|alert|crit|emerg|printk\w*)|_dev_\w+`,
	// Entering.
	`(?:asm_)?(?:exc|sysvec)_\w+|(?:asm_)?common_interrupt\w*|asm_\w+|error_entry|do_(?:error_trap|trap\w*|invalid_op|general_protection|divide_error|page_fault|double_fault|IRQ)|(?:invalid_op|page_fault|general_protection|divide_error|double_fault|async_page_fault)`,
	`(?:smp_)?apic_timer_interrupt|arch_timer_handler_\w+|handle_percpu_devid_irq|generic_handle_\w+|__handle_domain_irq|gic_handle_irq|smp_apic_\w+|__sysvec_\w+|local_apic_timer_interrupt|tick_\w+|_*hrtimer_\w+|update_process_times|irq_exit\w*|__irq_exit_rcu|run_irq_on_irqstack\w*|call_on_\w*irqstack\w*|handle_softirqs|_*do_softirq\w*|call_timer_fn|expire_timers|_*run_timers?\w*|run_timer_\w+|rcu_(?:core|do_batch)\w*|smpboot_thread_fn`,
	`entry_\w+|do_syscall_\w+|do_fast_syscall_32|x64_sys_call|ia32_sys_call|syscall_return_\w+|syscall_exit_\w+|ret_from_\w+|el0\w*|el1\w*|invoke_syscall|__x86_\w*thunk\w*|srso_\w+|retbleed_\w+|__switch_to\w*|common_startup_64|secondary_startup_64\w*|secondary_startup_\w+`,
	// Locks and waiting.
	`_*mutex_\w+|_*rt_mutex_\w+|rtlock_\w+|ww_mutex_\w+|_*raw_(?:spin|read|write)_\w+|_*spin_(?:lock|unlock|trylock)\w*|do_raw_\w+|(?:native_|pv_|__pv_)?queued_\w+|osq_\w+|_*down(?:_\w+)?|_*up(?:_read|_write)?|rwsem_\w+|_*percpu_(?:down|up)\w*|_*rcu_read_\w+|__rcu_\w+|(?:read|write)_seq\w*|rtmutex_\w+|_*lock_sock_?\w*`,
	`_*schedule(?:_\w+)?|io_schedule\w*|preempt_schedule\w*|_*cond_resched\w*|_*wait_(?:for_\w*completion\w*|for_common|on_bit\w*|on_page\w*)|do_wait_for_common|out_of_line_wait_\w+|bit_wait\w*|_*folio_(?:wait|lock)\w*|_*lock_(?:page|buffer)\w*|msleep\w*|usleep\w*|_*synchronize_rcu\w*|_*synchronize_srcu\w*|_*wait_rcu_gp|prepare_to_wait\w*|finish_wait|do_nanosleep`,
	`smp_call_function\w*|on_each_cpu\w*|generic_exec_single|csd_lock_wait|stop_one_cpu|flush_work|_*flush_work\w*|_*flush_workqueue`,
	`complete(?:_all)?|swake_up_\w+|_*wake_up\w*|kthread_stop|insert_work|_*queue_(?:delayed_)?work(?:_on|_node)?|mod_delayed_work\w*|_*cancel_(?:delayed_)?work\w*|try_to_grab_pending|flush_delayed_work|drain_workqueue|destroy_workqueue|cleanup_srcu_struct|lock_timer_base|_*mod_timer\w*|add_timer\w*|(?:try_to_)?del_timer\w*|_*timer_(?:delete|shutdown)\w*|timer_reduce`,
	// Memory, copies, strings, lists, counts, sums, ciphers.
	`_*k[mzvc]*alloc\w*|kfree\w*|_*kmem_cache_\w+|_*slab_(?:alloc|free|post_alloc|pre_alloc)\w*|cache_(?:free|alloc|grow)\w*|new_slab|allocate_slab|_*vmalloc\w*|vfree|kvfree|kvmalloc\w*|_*alloc_(?:pages?|folio|frozen)\w*|get_page_from_freelist|free_(?:one_page|pcppages\w*|unref_\w+|pages?)|_*free_(?:pages?\w*|frozen\w*)|_*put_page|_*put_page\w*|__folio_put|folio_put|get_free_pages|do_slab_free|post_alloc_hook|rmqueue\w*|__rmqueue\w*|prep_new_page\w*|_*krealloc\w*|k(?:mem)?strdup|kmemdup\w*|qlist_\w+`,
	`_*mem(?:cpy|set|move|cmp|chr|scan)\w*|str(?:n|l|s|r|c|p)?(?:len|cpy|cat|cmp|chr|scpy|str|dup|casecmp)\w*|sized_\w+|_*copy_(?:from|to|in)_\w+|_*copy_user\w*|rep_movs\w*|rep_stos\w*|_*(?:get|put)_user\w*|clear_page\w*|copy_page\w*|__access_ok|instrument_\w+|_copy_\w+|_*copy_overflow`,
	`_*list_(?:add|del)\w*|hlist_\w+|_*atomic\w*|arch_atomic\w*|raw_atomic\w*|(?:arch_)?(?:set|clear|test|change)_bit\w*|_*(?:test_and|variable_test|constant_test)_\w+|_*xa_load|xas_\w+|rb_(?:erase|insert|next|first)\w*|__rb_\w+|_*kref_\w+|read_pnp_offset|__read_once\w*`,
	`v?memdup_user\w*|strndup_user|folio_unlock|unlock_page|_*page_pool_alloc\w*|mempool_alloc\w*|iput|kfree_skb\w*|consume_skb|_*copy_(?:to|from)_iter\w*|simple_copy_to_iter|copy(?:in|out)|copy_page_(?:to|from)_iter\w*`,
	`klist_\w+|_*ida_\w+|idr_(?:destroy|remove|alloc\w*|find)|_*rhashtable_lookup\w*|_*rht_\w+|rhltable_lookup\w*|ref_tracker_\w+|hlist_\w+|list_(?:replace|move|splice)\w*`,
	`\w*crc(?:\d|_|c)\w*|xxh(?:32|64)\w*|_*(?:aes|aesni|aesti|des|chacha|xts|cbc|ecb|ctr|gcm)\w*_(?:en|de)crypt\w*|crypto_\w+_(?:en|de)crypt\w*`,
	// What drivers and file systems ask of the core for devices.
	`kobject_(?:del|put|release|cleanup|uevent_env)|add_uevent_var|get_device_parent|device_(?:add|del|unregister|destroy|release|for_each_child|remove_file)|devres_release_all|hwrng_unregister|i2c_del_adapter|__unregister_client|rollback_registered\w*|unregister_netdev\w*|sysfs_remove_\w+|tty_unregister_device|dummy_urb_enqueue|usb_(?:kill_(?:urb|anchored_urbs)|control_msg|hcd_submit_urb|submit_urb)`,
}, "|") + `)$`)

// own leaves out the frames of the machinery.
func own(frames []matrix.Frame) []matrix.Frame {
	var list []matrix.Frame
	for _, f := range frames {
		if !machinery.MatchString(f.Function) {
			list = append(list, f)
		}
	}
	return list
}

// isIdle reports whether a CPU that is there does nothing.
func isIdle(function string) bool {
	return strings.Contains(function, "idle") || strings.Contains(function, "halt") || strings.HasPrefix(function, "mwait")
}
