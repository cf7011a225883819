package oops

import (
	"strings"

	"kmatrix/matrix"
)

// pick chooses, of the frames of a report, the one that its title names; -1 for none. A
// frame that is chosen can be given another name.
type pick func([]matrix.Frame) (int, string)

// anchors are functions that hand work to others: what spins or stands still below one
// of them is named by whom it called, so that a loop has one name wherever in it the CPU
// was seen.
var anchors = oneOf(
	// Work and threads.
	`process_one_work`, `^kthread$`, `smpboot_thread_fn`, `ret_from_fork`, `start_secondary`, `cpu_startup_entry`, `do_one_initcall`, `task_work_run`, `__fput`, `exit_to_usermode`,
	// System calls.
	`do_syscall_`, `do_fast_syscall_`, `sysenter_dispatch`, `tracesys_phase2`, `el0_svc_handler`, `invoke_syscall`, `ret_fast_syscall`,
	// Interrupts.
	`do_softirq`, `handle_softirqs`, `run_ksoftirqd`, `call_timer_fn`, `_run_timers`, `run_timer_softirq`, `hrtimer_run`, `tasklet_(?:hi_)?action`, `netif_receive_skb`, `smp_call_function`,
	// System calls that do something else with each file.
	`vfs_(?:iter_)?(?:read|write)`, `vfs_(?:ioctl|open)`, `do_iter_(?:read|write)`, `call_(?:read|write)_iter`, `new_sync_(?:read|write)`, `do_dentry_open`,
	`ksys_ioctl`, `^proc_reg_`, `^full_proxy_`, `compat_(?:sys_)?ioctl`, `blkdev_(?:driver_)?ioctl`, `^call_mmap`, `mmap_region`, `do_mmap`, `^(?:sys_)?(?:socketpair|connect|ioctl)`,
	// Sockets.
	`^sock_(?:sendmsg|recvmsg|release|mmap|do_ioctl|ioctl)`, `^__sock_release`, `^compat_sock_ioctl`, `^(?:setsockopt|listen|accept)$`, `kernel_(?:setsockopt|listen|accept)`,
	`sock_common_setsockopt`, `sk_common_release`, `^(?:nfnetlink|rtnetlink)_rcv_msg`, `^netlink_dump`,
	// Page faults.
	`__do_fault`, `do_page_fault`, `^page_fault$`,
)

// stalled names what does not come to an end by whom the first anchor called. Where the
// console has none, as when it is torn, that is not known, and the innermost function
// stands for it.
func stalled(frames []matrix.Frame) (int, string) {
	last := 0
	for i, f := range frames {
		name := plainName(f.Function)
		if anchors.MatchString(name) {
			if strings.Contains(name, "smp_call_function") {
				return i, "smp_call_function"
			}
			return last, ""
		}
		last = i
	}
	return 0, ""
}

// waits are parts of the names of functions that wait for something.
var waits = oneOf(`sched`, `_lock`, `_slowlock`, `down`, `rwsem`, `completion`, `kthread`, `wait`, `synchronize`, `context_switch`, `__switch_to`, `cancel_delayed_work`, `rcu_barrier`)

// hung names a task that waits by who makes it wait: the first function that does more
// than that. Where one thing stops many tasks, a grace period of RCU that does not end
// or the lock of the network's configuration, it is named by that.
func hung(frames []matrix.Frame) (int, string) {
	for i, f := range frames {
		switch name := f.Function; {
		case strings.Contains(name, "rtnl_lock"):
			return i, name
		case strings.Contains(name, "synchronize_rcu"), strings.Contains(name, "synchronize_srcu"), strings.Contains(name, "synchronize_net"), strings.Contains(name, "synchronize_sched"):
			return i, "synchronize_rcu"
		}
	}
	for i, f := range frames {
		if !waits.MatchString(plainName(f.Function)) {
			return i, ""
		}
	}
	return -1, ""
}
