package oops

import (
	"fmt"
	"strings"
	"testing"

	"kmatrix/matrix"
)

// trace is a stack whose first functions are nobody's fault.
const trace = "Call Trace:\n <TASK>\n dump_stack_lvl+0x5d/0x80\n ? guess+0x1/0x2\n mutex_lock_nested+0x1/0x2\n foo.isra.0+0x10/0x20 [xfs]\n bar+0x1/0x2\n </TASK>\n"

// TestTitles gives each kind the title that syzbot would.
func TestTitles(t *testing.T) {
	for name, test := range map[string]struct {
		console string
		title   string
		kind    matrix.CrashKind
		fatal   bool
	}{
		"null":          {"BUG: kernel NULL pointer dereference, address: 0000000000000018\n#PF: supervisor read access in kernel mode\nPGD 0 P4D 0 \nOops: 0000 [#1] SMP\nRIP: 0010:baz+0x1/0x2\n" + trace, "BUG: unable to handle kernel NULL pointer dereference in baz", matrix.KindPageFault, true},
		"null, old":     {"BUG: unable to handle kernel NULL pointer dereference at 0000000000000018\nIP: [<ffffffff81234567>] baz+0x1/0x2\nOops: 0000 [#1] SMP\n" + trace, "BUG: unable to handle kernel NULL pointer dereference in baz", matrix.KindPageFault, true},
		"arm64":         {"Unable to handle kernel paging request at virtual address ffff800000000000\nInternal error: Oops: 0000000096000004 [#1] SMP\npc : baz+0x1/0x2\nCall trace:\n bar+0x1/0x2\n", "BUG: unable to handle kernel paging request in baz", matrix.KindPageFault, true},
		"jump to null":  {"BUG: kernel NULL pointer dereference, address: 0000000000000000\nOops: 0010 [#1] SMP\nRIP: 0010:0x0\nCode: Unable to access opcode bytes at 0xffffffffffffffd6.\n" + trace, "BUG: unable to handle kernel NULL pointer dereference in foo", matrix.KindPageFault, true},
		"protection":    {"Oops: general protection fault, probably for non-canonical address 0xdffffc0000000000: 0000 [#1] PREEMPT SMP KASAN\nKASAN: null-ptr-deref in range [0x0000000000000000-0x0000000000000007]\nRIP: 0010:baz+0x1/0x2\n" + trace, "general protection fault in baz", matrix.KindProtection, true},
		"bug":           {"------------[ cut here ]------------\nkernel BUG at mm/filemap.c:123!\ninvalid opcode: 0000 [#1] SMP\nRIP: 0010:baz+0x1/0x2\n" + trace, "kernel BUG in baz", matrix.KindBug, true},
		"divide":        {"divide error: 0000 [#1] SMP\nRIP: 0010:baz+0x1/0x2\n" + trace, "divide error in baz", matrix.KindOops, true},
		"warning":       {"------------[ cut here ]------------\nsome text\nWARNING: CPU: 1 PID: 7 at fs/splice.c:12 baz+0x1/0x2\n" + trace, "WARNING in baz", matrix.KindWarning, false},
		"warning, 6.18": {"WARNING: fs/splice.c:12 at baz+0x1/0x2, CPU#0: kworker/0:1/9\n" + trace, "WARNING in baz", matrix.KindWarning, false},
		"refcount":      {"refcount_t: addition on 0; use-after-free.\nWARNING: CPU: 1 PID: 7 at lib/refcount.c:25 refcount_warn_saturate+0x1/0x2\nRIP: 0010:refcount_warn_saturate+0x1/0x2\n" + trace, "WARNING: refcount bug in foo", matrix.KindWarning, false},
		"list":          {"list_del corruption. next->prev should be ffff, but was dead\n------------[ cut here ]------------\nkernel BUG at lib/list_debug.c:62!\nOops: invalid opcode: 0000 [#1] SMP\nRIP: 0010:__list_del_entry_valid_or_report+0x1/0x2\n" + trace, "BUG: corrupted list in foo", matrix.KindListCorruption, true},
		"KASAN":         {"==================================================================\nBUG: KASAN: slab-use-after-free in kasan_check_range+0x1/0x2\nRead of size 1 at addr ffff888 by task a/1\n\n" + trace + "\nAllocated by task 1:\n other+0x1/0x2\n", "KASAN: slab-use-after-free Read in foo", matrix.KindKASAN, false},
		"KASAN free":    {"BUG: KASAN: double-free in kfree+0x1/0x2\nFree of addr ffff888 by task a/1\n" + trace, "KASAN: invalid-free in foo", matrix.KindKASAN, false},
		"KCSAN":         {"BUG: KCSAN: data-race in zoo / bar\n\nwrite to 0xffff888 of 8 bytes by task 1 on cpu 0:\n zoo+0x1/0x2\n\nread to 0xffff888 of 8 bytes by task 2 on cpu 1:\n bar+0x1/0x2\n", "KCSAN: data-race in bar / zoo", matrix.KindKCSAN, false},
		"UBSAN":         {"UBSAN: shift-out-of-bounds in fs/x.c:12:3\nshift exponent 40 is too large for 32-bit type 'int'\n" + trace, "UBSAN: shift-out-of-bounds in foo", matrix.KindUBSAN, false},
		"lockdep":       {"======================================================\nWARNING: possible circular locking dependency detected\n6.12.0 Not tainted\n------------------------------------------------------\na/1 is trying to acquire lock:\nffff (&x){+.+.}-{3:3}, at: baz+0x1/0x2\n\n-> #1 (&y){+.+.}:\n       other+0x1/0x2\n\nstack backtrace:\n" + trace, "possible deadlock in baz", matrix.KindLockdep, false},
		"hung":          {"INFO: task a:123 blocked for more than 143 seconds.\n      Not tainted 6.12.0 #1\ntask:a state:D stack:0 pid:123\n" + trace, "INFO: task hung in foo", matrix.KindHungTask, false},
		"stall":         {"rcu: INFO: rcu_preempt self-detected stall on CPU\nrcu: \t0-....: (5 ticks this GP)\nCPU: 0 PID: 7 Comm: a Not tainted\nRIP: 0010:baz+0x1/0x2\nCall Trace:\n <IRQ>\n rcu_dump_cpu_stacks+0x1/0x2\n </IRQ>\n <TASK>\n bar+0x1/0x2\n", "INFO: rcu detected stall in baz", matrix.KindRCUStall, false},
		"soft lockup":   {"watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [a:7]\nRIP: 0010:baz+0x1/0x2\n" + trace, "BUG: soft lockup in baz", matrix.KindSoftLockup, false},
		"hard lockup":   {"watchdog: Watchdog detected hard LOCKUP on cpu 1\nRIP: 0010:baz+0x1/0x2\n" + trace + "Kernel panic - not syncing: Hard LOCKUP\n", "BUG: hard lockup in baz", matrix.KindHardLockup, true},
		"panic":         {"Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000300\n" + trace, "kernel panic: Attempted to kill init!", matrix.KindPanic, true},
		"panic_on_warn": {"WARNING: CPU: 1 PID: 7 at fs/splice.c:12 baz+0x1/0x2\n" + trace + "Kernel panic - not syncing: kernel: panic_on_warn set ...\nCPU: 1 PID: 7\n" + trace, "WARNING in baz", matrix.KindWarning, true},
		"init's oops":   {"BUG: kernel NULL pointer dereference, address: 0\nOops: 0000 [#1] SMP\nRIP: 0010:baz+0x1/0x2\n" + trace + "---[ end trace 0000000000000000 ]---\nRIP: 0010:baz+0x1/0x2\nKernel panic - not syncing: Attempted to kill init! exitcode=0x00000009\n", "BUG: unable to handle kernel NULL pointer dereference in baz", matrix.KindPageFault, true},
		"memory":        {"a invoked oom-killer: gfp_mask=0x1\n" + trace + strings.Repeat("Node 0 active_anon:12kB\n", 60) + "Out of memory: Killed process 12 (a b) total-vm:1kB\n", "Out of memory: killed a b", matrix.KindOOM, false},
		"atomic":        {"BUG: sleeping function called from invalid context at kernel/x.c:12\nin_atomic(): 1\n" + trace, "BUG: sleeping function called from invalid context in foo", matrix.KindSanityBug, false},
		"escapes":       {"\x1bc\x1b[?7l\x1b[2J\x1b[31mKernel panic - not syncing: <b>\x1b]0;title\x07\xff&\x9b no\r\n", "kernel panic: ?b???? no", matrix.KindPanic, true},
		"a system log":  {"Nov 25 12:00:00 host kernel: [   12.345678] kernel BUG at mm/filemap.c:123!\nNov 25 12:00:00 host kernel: [   12.345678] RIP: 0010:baz+0x1/0x2\n", "kernel BUG in baz", matrix.KindBug, true},
		"a user's line": {"host login: [   12.345678] kernel BUG at mm/filemap.c:123!\n[   12.345678] RIP: 0010:baz+0x1/0x2\n", "kernel BUG in baz", matrix.KindBug, true},
		"looked up":     {"WARNING: CPU: 1 PID: 7 at lib/refcount.c:25 refcount_warn_saturate+0x1/0x2 lib/refcount.c:25\nCall Trace:\n __refcount_add include/linux/refcount.h:199 [inline]\n foo+0x1/0x2 fs/foo.c:12\n", "WARNING: refcount bug in foo", matrix.KindWarning, false},
	} {
		reports := Parse(test.console)
		if len(reports) != 1 {
			t.Errorf("%s: %d reports: %+v", name, len(reports), reports)
			continue
		}
		if r := reports[0]; r.Title != test.title || r.Kind != test.kind || r.Fatal != test.fatal {
			t.Errorf("%s: %q, %s, fatal %v; want %q, %s, %v", name, r.Title, r.Kind, r.Fatal, test.title, test.kind, test.fatal)
		}
		check(t, reports)
	}
}

// TestInterleavedCPUs has two CPUs print their reports line by line.
func TestInterleavedCPUs(t *testing.T) {
	one := strings.Split("------------[ cut here ]------------\nWARNING: CPU: 0 PID: 7 at fs/a.c:12 one+0x1/0x2\nRIP: 0010:one+0x1/0x2\n"+trace+"---[ end trace 0000000000000000 ]---", "\n")
	two := strings.Split("BUG: kernel NULL pointer dereference, address: 0000000000000018\n#PF: supervisor read\nOops: 0000 [#1] SMP\nRIP: 0010:two+0x1/0x2\n"+strings.ReplaceAll(trace, "foo", "zoo")+"Kernel panic - not syncing: Fatal exception", "\n")
	var b strings.Builder
	for i := range max(len(one), len(two)) {
		for caller, lines := range map[string][]string{"T7": one, "C1": two} {
			if i < len(lines) {
				fmt.Fprintf(&b, "[    1.%06d][%6s] %s\n", i, caller, lines[i])
			}
		}
	}
	reports := Parse(b.String())
	titles := map[string]string{}
	for _, r := range reports {
		titles[r.Title] = fmt.Sprint(r.Frames, r.Fatal)
	}
	if len(reports) != 2 || titles["WARNING in one"] != "[one foo bar] false" || titles["BUG: unable to handle kernel NULL pointer dereference in two"] != "[two zoo bar] true" {
		t.Errorf("%v in\n%s", titles, b.String())
	}
}

// TestTornConsoles cuts a console everywhere: no part is worse than less.
func TestTornConsoles(t *testing.T) {
	whole := "[    1.000000] fine\n[    1.000001] BUG: kernel NULL pointer dereference, address: 0000000000000018\n[    1.000002] Oops: 0000 [#1] SMP\n[    1.000003] RIP: 0010:baz+0x1/0x2\n[    1.000004] Call Trace:\n[    1.000005]  foo+0x1/0x2\n[    1.000006] Kernel panic - not syncing: Fatal exception\n"
	for i := range whole {
		check(t, Parse(whole[i:]))
		check(t, Parse(whole[:i]))
		if i >= strings.Index(whole, "address") && len(Parse(whole[:i])) == 0 {
			t.Errorf("nothing in %q", whole[:i])
		}
	}
}

// TestTheSameCountsOnce repeats a report, and floods with others.
func TestTheSameCountsOnce(t *testing.T) {
	one := "WARNING: CPU: 1 PID: 7 at fs/splice.c:12 baz+0x1/0x2\n" + trace + "---[ end trace 0000000000000000 ]---\n"
	if r := Parse(strings.Repeat(one, 5)); len(r) != 1 || r[0].Count != 5 || fmt.Sprint(r[0].Frames) != "[foo bar]" || r[0].Frames[0].Module != "xfs" || len(r[0].Stack) != 5 {
		t.Errorf("%+v", r)
	}
	var b strings.Builder
	for i := range 4 * maxEvents {
		b.WriteString(strings.ReplaceAll(one, "baz", fmt.Sprintf("baz%d", i)))
	}
	if r := Parse(b.String()); len(r) != MaxReports {
		t.Errorf("%d reports", len(r))
	}
}

func TestFatal(t *testing.T) {
	if r, ok := Fatal([]matrix.CrashReport{{Title: "a"}, {Title: "b", Fatal: true}}); !ok || r.Title != "b" {
		t.Errorf("%+v %v", r, ok)
	}
	if _, ok := Fatal(nil); ok {
		t.Error("there is none")
	}
}
