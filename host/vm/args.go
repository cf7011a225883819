package vm

import (
	"cmp"
	"strings"

	"kmatrix/matrix"
)

// Config describes one guest. Kernel is all that is needed.
type Config struct {
	// QEMU is the program; empty means [DefaultQEMU].
	QEMU string
	// Machine is the guest's hardware. Its Accel must be resolved; anything
	// but [matrix.AccelKVM] means TCG.
	Machine matrix.Machine
	// Kernel is the path of a bzImage or of a vmlinux with a PVH entry point.
	Kernel string
	// Initrd is the path of the initramfs; empty means none.
	Initrd string
	// Append are more words of the kernel's command line; the last of equal
	// ones wins.
	Append []string
	// Disks are given to the guest in this order. Nothing is ever written to
	// their files: what a guest writes lives in an unlinked file of QEMU's.
	Disks []Disk
	// Restore is the state that the guest goes on from; nil boots it.
	Restore *Snapshot
	// Console is how many bytes of the console are logged, [MaxConsole] at most,
	// which is what 0 means; [LastWords] logs its end alone.
	Console int64
	// Temp is the directory for what the guest writes to its disks, in a file
	// without a name; empty means the system's.
	Temp string
	// Bare leaves out ports and disks: what is left is the floor that
	// boot-to-ready is measured against.
	Bare bool
}

// Disk is a raw image file.
type Disk struct {
	// Path of the image; it must not hold a comma doubled by hand, which
	// [Args] does itself.
	Path string
	// Serial is what the guest reads in /sys/block/*/serial, at most 20 bytes.
	Serial string
}

// DefaultQEMU is the program that is run where none is named.
const DefaultQEMU = "qemu-system-x86_64"

// Args returns QEMU's arguments for the guest. It is a pure function.
//
// Every channel is an inherited descriptor, so that no socket has a name:
// control (QMP), console (the first serial line), the second serial line, the
// two ports of the agent, and the two of the probes, after the agent's, which
// does not wait for them.
func Args(c Config) []string {
	var args []string
	for _, d := range devices(c) {
		if d.channel != nil {
			args = append(args, "-chardev", d.channel.inherited())
		}
		args = append(args, d.args...)
	}
	return append(args, "-append", strings.Join(Cmdline(c), " "))
}

// Repro returns QEMU's arguments to boot the same guest from a shell: its console is
// the terminal, and nobody is on its other lines, so that its agent waits when it is
// ready. Ctrl-C ends it. A guest that was restored is booted.
func Repro(c Config) []string {
	var args []string
	for _, d := range devices(c) {
		if d.kmatrix {
			continue
		}
		if d.channel != nil {
			args = append(args, "-chardev", d.channel.inShell())
		}
		args = append(args, d.args...)
	}
	return append(args, "-append", strings.Join(Cmdline(c), " "))
}

// Cmdline returns the words of the kernel's command line.
func Cmdline(c Config) []string {
	var words []string
	for _, d := range devices(c) {
		words = append(words, d.words...)
	}
	return append(words, c.Append...)
}

// memoryMiB is the guest's memory.
func (c Config) memoryMiB() int { return cmp.Or(c.Machine.MemoryMiB, 512) }

// icount reports whether guest time is counted in instructions.
func (c Config) icount() bool { return c.Machine.Clock == matrix.ClockIcount }
