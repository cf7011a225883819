package oops

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestStuckTasks reads the answers to SysRq l and w of kernels of several ages.
func TestStuckTasks(t *testing.T) {
	hung, err := os.ReadFile("testdata/consoles/module-6.1-hung.log")
	if err != nil {
		t.Fatal(err)
	}
	// What the hung task detector prints of a task is what SysRq w prints.
	_, hung61, _ := strings.Cut(string(hung), "disables this message.")
	hung61, _, _ = strings.Cut(hung61, "INFO: task")
	idle, err := os.ReadFile("testdata/consoles/debian-6.12-sysrq-l.log")
	if err != nil {
		t.Fatal(err)
	}
	stack := func(frames ...string) string {
		text := "Call Trace:\n <TASK>\n"
		for _, f := range frames {
			text += " " + f + "+0x10/0x20\n"
		}
		return text + " ? never+0x1/0x2\n </TASK>\n"
	}
	const blocked, cpus, end = "sysrq: Show Blocked State\n", "sysrq: Show backtrace of all active CPUs\n", "sysrq: Show State\n"
	folio := stack("__schedule", "schedule", "io_schedule", "folio_wait_bit_common", "iter_to_pipe", "__do_sys_vmsplice", "do_syscall_64", "entry_SYSCALL_64_after_hwframe")
	of := []string{"__schedule", "schedule", "io_schedule", "folio_wait_bit_common", "iter_to_pipe", "__do_sys_vmsplice", "do_syscall_64", "entry_SYSCALL_64_after_hwframe"}
	for name, test := range map[string]struct {
		text string
		want []StuckTask
	}{
		"6.1":  {blocked + hung61 + end, []StuckTask{{79, "die_write", []string{"__schedule", "schedule", "die_write", "proc_reg_write", "vfs_write", "ksys_write", "do_syscall_64", "entry_SYSCALL_64_after_hwframe"}}}},
		"6.12": {"[    1.5] " + blocked + "task:agent           state:D stack:0     pid:93    tgid:91    ppid:1      flags:0x00004002\n" + folio + end, []StuckTask{{93, "iter_to_pipe", of}}},
		"5.10": {blocked + "task:agent           state:D stack:    0 pid:   93 ppid:     1 flags:0x00000000\n" + folio + end, []StuckTask{{93, "iter_to_pipe", of}}},
		"5.4":  {"sysrq: Show Blocked State\n  task                        PC stack   pid father\nagent           D    0    93      1 0x00000000\n" + folio + end, []StuckTask{{93, "iter_to_pipe", of}}},
		"two of them, and a thread of the kernel's": {
			blocked + "task:agent           state:D stack:0     pid:93    ppid:1      flags:0x0\n" + folio +
				"task:kworker/0:1     state:D stack:0     pid:7     ppid:2      flags:0x0\n" + stack("__schedule", "wait_for_completion", "process_one_work", "worker_thread", "kthread", "ret_from_fork") +
				"task:mine            state:D stack:0     pid:94    ppid:1      flags:0x0\n" + stack("__schedule", "pipe_lock", "do_syscall_64"), // the console ends
			[]StuckTask{{93, "iter_to_pipe", of}, {94, "__schedule", []string{"__schedule", "pipe_lock", "do_syscall_64"}}},
		},
		"one that sleeps, which is no answer to w": {end + "task:agent           state:D stack:0     pid:93    ppid:1      flags:0x0\n" + folio, nil},
		"a loop in the kernel": {
			cpus + "NMI backtrace for cpu 0\nCPU: 0 UID: 0 PID: 93 Comm: agent Not tainted 6.12.0 #1\nCall Trace:\n <IRQ>\n dump_stack_lvl+0x5d/0x80\n __handle_sysrq.cold+0x9f/0xe6\n serial8250_interrupt+0x1/0x2\n __common_interrupt+0x1/0x2\n common_interrupt+0x1/0x2\n </IRQ>\n <TASK>\n asm_common_interrupt+0x1/0x2\nRIP: 0010:spins+0x3/0x10\nRAX: 0000000000000000\n __do_sys_vmsplice+0x1/0x2\n do_syscall_64+0x1/0x2\n </TASK>\n" + end,
			[]StuckTask{{93, "spins", []string{"spins", "__do_sys_vmsplice", "do_syscall_64"}}},
		},
		"a loop in a program": {
			cpus + "CPU: 0 UID: 0 PID: 93 Comm: agent Not tainted 6.12.0 #1\nCall Trace:\n <IRQ>\n dump_stack_lvl+0x5d/0x80\n common_interrupt+0x1/0x2\n </IRQ>\n <TASK>\n asm_common_interrupt+0x1/0x2\nRIP: 0033:0x439920\nRAX: 0000000000000000\n </TASK>\n" + end, nil,
		},
		"nothing blocked":             {blocked + end, nil},
		"what asked, and an idle CPU": {string(idle), nil},
		"no answer":                   {"INFO: task agent:93 blocked for more than 30 seconds.\n" + hung61, nil},
		"cut off":                     {blocked + "task:agent           state:D stack:0     pid:93", nil},
		"no number":                   {blocked + "task:agent state:D stack:0 pid:99999999999999999999 ppid:1\n" + folio, nil},
	} {
		if diff := cmp.Diff(test.want, Stuck(test.text)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	many := blocked + strings.Repeat("task:agent state:D stack:0 pid:93 ppid:1\n"+folio, 2*maxStuck)
	if n := len(Stuck(many)); n != maxStuck {
		t.Errorf("%d tasks are kept, want %d", n, maxStuck)
	}
}
