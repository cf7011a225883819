package oops

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"kmatrix/matrix"
)

// StuckTask is a program's task that is in the kernel and does not come out of it.
type StuckTask struct {
	PID int
	// In is the innermost function that does more than wait.
	In string
	// Stack are the functions that it is in, innermost first, without those that the
	// unwinder only guessed.
	Stack []string
}

// maxStuck is how many tasks one answer to SysRq has.
const maxStuck = 64

// What SysRq w and l answer with (drivers/tty/sysrq.c), and the lines that name the task
// of a stack there (sched_show_task, show_regs). Kernels before 5.10 print a task's name
// without "task:" before it.
var (
	blockedRE = regexp.MustCompile(`^sysrq: (?:SysRq : )?Show Blocked State`)
	cpusRE    = regexp.MustCompile(`^sysrq: (?:SysRq : )?Show backtrace of all active CPUs`)
	waitingRE = regexp.MustCompile(`^(?:task:)?\S.{0,20}? +(?:state:)?D +(?:stack: *\d+ +pid: *|\d+ +)(\d{1,10})\b`)
	runningRE = regexp.MustCompile(`^CPU: \d+ (?:UID: \d+ )?PID: (\d{1,10})\b`)
)

// Stuck returns the tasks of programs that a kernel's answers to SysRq w and l show in
// the kernel, in their order: those that wait there and that no signal wakes, and those
// that a CPU was at. Threads of the kernel's own are left out.
func Stuck(console string) []StuckTask {
	var list []StuckTask
	var begins *regexp.Regexp // within an answer
	var task event
	pid := 0
	flush := func() {
		if pid > 0 && len(list) < maxStuck {
			if t, ok := task.stuck(pid, begins == cpusRE); ok {
				list = append(list, t)
			}
		}
		task, pid = event{}, 0
	}
	for _, l := range split(console) {
		switch {
		case blockedRE.MatchString(l.text):
			flush()
			begins = blockedRE
		case cpusRE.MatchString(l.text):
			flush()
			begins = cpusRE
		case strings.HasPrefix(l.text, "sysrq: "):
			flush()
			begins = nil
		case begins != nil:
			first := waitingRE
			if begins == cpusRE {
				first = runningRE
			}
			if m := first.FindStringSubmatch(l.text); m != nil {
				flush()
				pid, _ = strconv.Atoi(m[1]) // ten digits fit
			}
			if len(task.lines) < maxLines {
				task.lines = append(task.lines, l.text)
			}
		}
	}
	flush()
	return list
}

// stuck returns the task whose lines the event has; false for one without a stack, for a
// thread of the kernel's own, and for a CPU that idles or was at a program. What a CPU
// was at stands below the interrupt by which it was asked.
func (e *event) stuck(pid int, running bool) (StuckTask, bool) {
	for _, s := range e.stacks() {
		frames := s.frames
		if running {
			frames = s.under
			if len(frames) == 0 && s.at != nil {
				frames = s.all()
			}
			for len(frames) > 0 && entries.MatchString(frames[0].Function) { // of the interrupt
				frames = frames[1:]
			}
		}
		if len(frames) == 0 {
			continue
		}
		t := StuckTask{PID: pid}
		for _, f := range frames {
			if f.Function == "kthread" || strings.HasPrefix(f.Function, "ret_from_fork") {
				return StuckTask{}, false
			}
			t.Stack = append(t.Stack, f.Function)
		}
		t.In = t.Stack[0]
		inner := slices.DeleteFunc(slices.Clone(frames), func(f matrix.Frame) bool { return entries.MatchString(f.Function) })
		if i, _ := hung(inner); i >= 0 {
			t.In = inner[i].Function
		}
		return t, true
	}
	return StuckTask{}, false
}
