package vm

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"kmatrix/matrix/printable"
)

// Finding is what one question to a guest that does not answer brought.
type Finding struct {
	// Name is one for a file, and What says what is in it.
	Name, What string
	// Text is cleaned. Empty where there is a file, or Err.
	Text string
	// Err is why it was not had, or not whole.
	Err error
}

// How long an examination waits: for the first word of an answer on the console,
// for no more to come, for one answer as a whole, and for QEMU.
const (
	firstWord   = 2 * time.Second
	lastWord    = 300 * time.Millisecond
	wholeAnswer = 8 * time.Second
	qmpDeadline = 5 * time.Second
	consolePoll = 20 * time.Millisecond
	// pressTimes is how often a key is sent that is not answered.
	pressTimes = 3
)

// Examine asks what the guest is at, and does it no harm: the registers of its
// CPUs twice, between which a CPU that spins has moved, and what the kernel tells
// by SysRq on the console. A guest whose first CPU takes no interrupts answers no
// SysRq.
func (v *VM) Examine(ctx context.Context) []Finding {
	v.console.provoke(true)
	defer v.console.provoke(false)
	found := []Finding{v.registers(ctx)}
	tasks := Finding{Name: "sysrq.txt", What: "SysRq l, w, t: backtraces of the CPUs, tasks that wait, all tasks"}
	// Up to loglevel 9 everything reaches the console, and then what cmdline says.
	var err error
	for _, key := range "9lwt5" {
		if err = v.press(ctx, byte(key)); err != nil {
			break
		}
	}
	text := v.console.answered()
	tasks.Text, tasks.Err = printable.Text(text), err
	return append(found, tasks)
}

// registers asks QEMU for the registers of all CPUs, twice.
func (v *VM) registers(ctx context.Context) Finding {
	f := Finding{Name: "registers.txt", What: "registers of the CPUs, twice"}
	ctx, cancel := context.WithTimeout(ctx, qmpDeadline)
	defer cancel()
	var b strings.Builder
	for range 2 {
		var s struct {
			Status string `json:"status"`
		}
		if f.Err = v.qmp.command(ctx, "query-status", nil, nil, &s); f.Err != nil {
			break
		}
		var text string
		if f.Err = v.qmp.command(ctx, "human-monitor-command", map[string]any{"command-line": "info registers -a"}, nil, &text); f.Err != nil {
			break
		}
		fmt.Fprintf(&b, "QEMU says that the guest is %q\n%s\n", s.Status, printable.Text([]byte(strings.ReplaceAll(text, "\r", ""))))
		if f.Err = wait(ctx, lastWord); f.Err != nil {
			break
		}
	}
	f.Text = b.String()
	return f
}

// press sends a SysRq key (Documentation/admin-guide/sysrq.rst), a break on the
// serial line and then the key, and waits until the answer is whole. A kernel that
// was printing can miss the break, and takes the key for something typed.
func (v *VM) press(ctx context.Context, key byte) error {
	for range pressTimes {
		limited, cancel := context.WithTimeout(ctx, qmpDeadline)
		err := v.qmp.execute(limited, "chardev-send-break", map[string]any{"id": "console"})
		cancel()
		if err == nil {
			err = v.consoleConn.SetWriteDeadline(time.Now().Add(qmpDeadline))
		}
		at := len(v.console.answered())
		if err == nil {
			_, err = v.consoleConn.Write([]byte{key})
		}
		if err != nil {
			return fmt.Errorf("SysRq %c: %w", key, err)
		}
		if v.listen(ctx, at) || ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return fmt.Errorf("SysRq %c: no answer in %d times %s", key, pressTimes, firstWord)
}

// listen waits until the console has said its answer to a SysRq, behind the first
// bytes of it; false when there was none.
func (v *VM) listen(ctx context.Context, at int) bool {
	began, quiet, seen, answers := time.Now(), time.Now(), at, false
	for time.Since(began) < wholeAnswer && wait(ctx, consolePoll) == nil {
		text := v.console.answered()
		if len(text) > seen {
			seen, quiet = len(text), time.Now()
			answers = answers || bytes.Contains(text[at:], []byte("sysrq: "))
		}
		if !answers && time.Since(began) > firstWord {
			return false
		}
		if answers && time.Since(quiet) > lastWord {
			return true
		}
	}
	return answers
}

// Dump writes the guest's memory, up to limit bytes from its start, to an empty
// file, as an ELF core that crash and gdb read. The guest stands still meanwhile.
func (v *VM) Dump(ctx context.Context, f *os.File, limit int64) Finding {
	found := Finding{Name: "memory.elf", What: "the guest's memory"}
	const name = "dump"
	size := int64(v.memoryMiB) << 20
	if found.Err = v.qmp.command(ctx, "getfd", map[string]any{"fdname": name}, f, nil); found.Err == nil {
		found.Err = v.qmp.execute(ctx, "dump-guest-memory", map[string]any{"paging": false, "protocol": "fd:" + name, "begin": 0, "length": min(size, limit)})
	}
	if limit < size {
		found.What += fmt.Sprintf(", the first %d of its %d MiB", limit>>20, v.memoryMiB)
	}
	return found
}

// Die makes the guest panic with a trace, by an interrupt that cannot be masked,
// and waits for its end. What it prints from here on are no words of its own.
func (v *VM) Die(ctx context.Context) Finding {
	f := Finding{Name: "nmi.txt", What: "the panic that an NMI was made to be"}
	v.panicked = v.qmp.seen(eventPanicked)
	v.forced = true
	v.console.provoke(true)
	limited, cancel := context.WithTimeout(ctx, qmpDeadline)
	defer cancel()
	if f.Err = v.qmp.execute(limited, "inject-nmi", nil); f.Err == nil {
		select {
		case <-v.process.Done():
			select {
			case <-v.consoleDone:
			case <-limited.Done():
			}
		case <-limited.Done():
			f.Err = fmt.Errorf("it had not ended %s after the NMI", qmpDeadline)
		}
	}
	text := v.console.answered()
	f.Text = printable.Text(text)
	return f
}

// wait waits for as long as is given.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// eventPanicked is the event of a panic, which pvpanic tells.
const eventPanicked = "GUEST_PANICKED"
