package vm

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// endHalted ends QEMU when the kernel has panicked and stands still: nothing would come
// of it until some deadline. It is let print the rest.
func (v *VM) endHalted() {
	select {
	case <-v.process.Done():
		return
	case <-v.console.halted:
	}
	for _, before := v.console.Printed(); ; {
		select {
		case <-v.process.Done():
			return
		case <-time.After(haltedQuiet):
		}
		_, now := v.console.Printed()
		if now == before {
			break
		}
		before = now
	}
	v.halted.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), quitDeadline)
	defer cancel()
	if err := v.qmp.execute(ctx, "quit", nil); err != nil {
		v.kill()
	}
}

// haltedQuiet is how long a kernel that stands still has printed nothing when QEMU is
// ended.
const haltedQuiet = time.Second

// errHalted tells of a guest none of whose CPUs will ever run again.
var errHalted = errors.New("the kernel stands still: its CPUs are halted with interrupts off")

const (
	// haltedPoll is how often a guest that boots is looked at, and haltedLooks how
	// many times in a row its CPUs must be found halted.
	haltedPoll  = time.Second
	haltedLooks = 3
	// idleTicks is how much of a CPU's time QEMU takes between two looks at most when
	// nothing runs in the guest, of a hundred a second.
	idleTicks = 20
)

// awaitHalt closes still when the guest's CPUs are halted for good, which is how a kernel
// ends that dies before it has a console. It returns then, or when ctx ends. A guest at work is not
// disturbed: its registers are read only when QEMU takes next to no time.
func (v *VM) awaitHalt(ctx context.Context) {
	before := ticks(v.process.Pid)
	for looks := 0; looks < haltedLooks; {
		if wait(ctx, haltedPoll) != nil {
			return
		}
		now := ticks(v.process.Pid)
		idle := now-before < idleTicks
		before = now
		if !idle {
			looks = 0
			continue
		}
		var text string
		limited, cancel := context.WithTimeout(ctx, qmpDeadline)
		err := v.qmp.command(limited, "human-monitor-command", map[string]any{"command-line": "info registers -a"}, nil, &text)
		cancel()
		if err != nil || !allHalted(text) {
			looks = 0
			continue
		}
		looks++
	}
	close(v.still)
}

// flagsRE finds a CPU's flags and whether it is halted (target/i386/cpu-dump.c).
var flagsRE = regexp.MustCompile(`\b[ER]FL=([0-9a-f]{8,16}) .* HLT=([01])`)

// interruptFlag is the bit of the flags that lets interrupts in.
const interruptFlag = 1 << 9

// allHalted reports whether every CPU of QEMU's list of registers waits for an interrupt
// that it does not take.
func allHalted(registers string) bool {
	all := flagsRE.FindAllStringSubmatch(registers, -1)
	for _, m := range all {
		flags, err := strconv.ParseUint(m[1], 16, 64)
		if err != nil || flags&interruptFlag != 0 || m[2] != "1" {
			return false
		}
	}
	return len(all) > 0
}

// ticks returns how much of CPUs' time a process has taken, in hundredths of a second
// (proc_pid_stat(5), utime and stime); 0 of one that has ended.
func ticks(pid int) int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0
	}
	return user + system
}
