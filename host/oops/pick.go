package oops

import (
	"regexp"
	"strings"

	"kmatrix/matrix"
)

// picker chooses the function of a stack that a report is named after, "" where it
// knows none; skips reports whether a function is nobody's fault.
type picker func(frames []matrix.Frame, skips func(string) bool) string

// anchors are functions that hand work on to whoever is registered for it: system
// calls, work queues, softirqs, timers, and the operations of files, sockets and
// netlink.
var anchors = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`do_syscall_\w+|_*do_fast_syscall_\w+|do_int80\w*|x64_sys_call|ia32_sys_call|invoke_syscall|sysenter_\w+|entry_\w*SYS\w+|tracesys_phase2`,
	`process_one_work|process_scheduled_works|worker_thread|kthread|ret_from_fork\w*|smpboot_thread_fn|run_ksoftirqd|start_secondary|cpu_startup_entry|secondary_startup_\w+`,
	`_*do_softirq\w*|handle_softirqs|call_timer_fn|expire_timers|_*run_timers?\w*|run_timer_\w+|_*netif_receive_skb\w*|smp_call_function\w*`,
	`(?:vfs|ksys)_(?:read|write|ioctl|open)\w*|vfs_iter_(?:read|write)|do_iter_(?:read|write)\w*|(?:new_sync|call)_(?:read|write)\w*|call_mmap|mmap_region|do_mmap|do_dentry_open|proc_reg_\w+|full_proxy_\w+|blkdev_(?:driver_)?ioctl|_*(?:do_|se_)?compat_(?:sys_)?ioctl`,
	`_*sock_(?:sendmsg|recvmsg|release|mmap|do_ioctl|ioctl)\w*|_*sock_common_setsockopt|_*(?:sys|kernel)_(?:setsockopt|listen|accept)\w*|compat_sock_ioctl|sk_common_release|(?:nfnetlink|rtnetlink)_rcv_msg`,
	`_*(?:compat_)?(?:SYSC|SyS|sys|do_sys|se_sys|x64_sys)_(?:socketpair|connect|ioctl)`,
	`__fput|task_work_run|exit_to_user\w*`,
}, "|") + `)$`)

// pickStalled names what loops, or overran its stack. Such a report comes from a random
// place of a loop, so that its innermost function differs each time: the function that
// some dispatcher called stands for it.
func pickStalled(frames []matrix.Frame, skips func(string) bool) string {
	last := ""
	for _, f := range frames {
		switch {
		case anchors.MatchString(f.Function):
			if last != "" {
				return last
			}
		case f.Guess:
		case entries.MatchString(f.Function) || !skips(f.Function):
			last = f.Function
		}
	}
	return ""
}

// Who waits is held up by others: these are waits that have one cause for the whole
// system, and the functions that every wait passes.
var (
	gracePeriod = regexp.MustCompile(`^synchronize_(?:s?rcu|net|sched)`)
	waits       = regexp.MustCompile(`sched|_lock|_slowlock|down|rwbase|completion|kthread|wait|synchronize|context_switch|__switch_to|cancel_delayed_work|^do_read_cache_`)
)

// pickHung names what a task that does not go on waits in.
func pickHung(frames []matrix.Frame, skips func(string) bool) string {
	for _, f := range frames {
		switch {
		case strings.HasPrefix(f.Function, "rtnl_lock"):
			return f.Function
		case gracePeriod.MatchString(f.Function):
			return "synchronize_rcu"
		}
	}
	for _, f := range frames {
		if !waits.MatchString(f.Function) && !skips(f.Function) {
			return f.Function
		}
	}
	return ""
}
