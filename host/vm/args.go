package vm

import (
	"cmp"
	"fmt"
	"strings"

	"kmatrix/guest/wire"
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

// Descriptors that QEMU inherits, in this order.
const (
	fdQMP = 3 + iota
	fdConsole
	fdSerial
	fdToGuest
	fdToHost
	fdProbe
	fdProbeControl
	fdRestore
)

// bufferSize bounds TCG's translation buffer, in MiB, which QEMU lets grow to 1 GiB
// where the host has 8: a guest that makes code all the time would fill it.
const bufferSize = ",tb-size=128"

// Args returns QEMU's arguments for the guest. It is a pure function.
//
// Every channel is an inherited descriptor, so that no socket has a name:
// control (QMP), console (the first serial line), the second serial line, the
// two ports of the agent, and the two of the probes, after the agent's, which
// does not wait for them.
func Args(c Config) []string {
	memory, cpus, cpu, accel := c.memoryMiB(), c.Machine.CPUs, c.Machine.CPU, "tcg"+bufferSize
	if cpus == 0 {
		cpus = 1
	}
	if c.Machine.Accel == matrix.AccelKVM {
		accel = "kvm"
	}
	if c.icount() {
		// More threads than one would race for the count.
		accel += ",thread=single"
	}
	if cpu == "" {
		// TCG's own default lacks AVX, which newer programs need to live.
		cpu = "max"
	}
	args := []string{
		"-nodefaults", "-no-user-config", "-display", "none", "-vga", "none",
		// A panic is told as an event by the device below, where the guest has its
		// driver, and the guest goes on: it prints the rest of its last words, and its
		// reboot (panic=-1) ends QEMU. Any other action ends it in the middle of them.
		"-no-reboot", "-action", "panic=none",
		"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
		"-machine", "q35,graphics=off,usb=off,vmport=off,smbus=off,sata=off,i8042=on",
		"-accel", accel, "-cpu", cpu, "-smp", fmt.Sprint(cpus), "-m", fmt.Sprint(memory),
		"-chardev", fmt.Sprintf("socket,id=qmp,fd=%d,server=on,wait=off", fdQMP), "-mon", "chardev=qmp,mode=control",
		"-chardev", fmt.Sprintf("socket,id=console,fd=%d", fdConsole), "-device", "isa-serial,index=0,chardev=console",
		"-kernel", c.Kernel,
		// A guest is stopped while it is saved, and runs when it is restored.
		"-global", "migration.store-global-state=off",
	}
	if c.Restore != nil {
		args = append(args, "-incoming", fmt.Sprintf("fd:%d", fdRestore))
	}
	if c.icount() {
		// sleep=off: an idle guest jumps to its next timer, and waits for no real
		// time. The clock on the wall stands where it stood at every other boot.
		args = append(args, "-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01T00:00:00,clock=vm")
	}
	if c.Initrd != "" {
		args = append(args, "-initrd", c.Initrd)
	}
	args = append(args, "-append", strings.Join(Cmdline(c), " "))
	if c.Bare {
		return args
	}
	args = append(args,
		"-chardev", fmt.Sprintf("socket,id=serial,fd=%d", fdSerial), "-device", "isa-serial,index=1,chardev=serial",
		"-device", "pvpanic",
		"-device", "virtio-serial-pci,max_ports=5",
		"-chardev", fmt.Sprintf("socket,id=in,fd=%d", fdToGuest), "-device", "virtserialport,chardev=in,name="+wire.PortToGuest,
		"-chardev", fmt.Sprintf("socket,id=out,fd=%d", fdToHost), "-device", "virtserialport,chardev=out,name="+wire.PortToHost,
		"-chardev", fmt.Sprintf("socket,id=probe,fd=%d", fdProbe), "-device", "virtserialport,chardev=probe,name="+wire.PortProbe,
		"-chardev", fmt.Sprintf("socket,id=control,fd=%d", fdProbeControl), "-device", "virtserialport,chardev=control,name="+wire.PortProbeControl,
	)
	for i, d := range c.Disks {
		args = append(args,
			"-drive", fmt.Sprintf("if=none,id=disk%d,format=raw,cache=unsafe,snapshot=on,file=%s", i, strings.ReplaceAll(d.Path, ",", ",,")),
			"-device", fmt.Sprintf("virtio-blk-pci,drive=disk%d,serial=%s,werror=stop,rerror=stop", i, d.Serial))
	}
	return args
}

// memoryMiB is the guest's memory.
func (c Config) memoryMiB() int { return cmp.Or(c.Machine.MemoryMiB, 512) }

// icount reports whether guest time is counted in instructions.
func (c Config) icount() bool { return c.Machine.Clock == matrix.ClockIcount }

// Cmdline returns the words of the kernel's command line.
func Cmdline(c Config) []string {
	words := []string{
		"console=ttyS0",
		// The console is a log: warnings and worse, not each device. An oops
		// and a panic print whatever the level.
		"loglevel=5",
		// With -no-reboot QEMU ends on a panic at once, and an oops, which
		// can leave locks held, becomes a panic.
		"panic=-1", "oops=panic",
		// A guest that hangs is sent an NMI, which prints a backtrace this way only.
		"unknown_nmi_panic",
		// Calibrating timers against each other stalls on an emulated CPU and
		// on a busy host.
		"no_timer_check", "tsc=reliable",
		// Debian's kernels mask SysRq.
		"sysrq_always_enabled",
		// Nobody reads the audit log, and printing it costs.
		"audit=0",
		// The kernel's tests of its own ciphers take a fifth of an emulated boot, and
		// half of one whose instructions are counted.
		"cryptomgr.notests",
		// There is no keyboard controller to wait for.
		"i8042.noaux", "i8042.nopnp", "i8042.nokbd",
		"rdinit=/init",
	}
	if c.icount() {
		// Another layout of the kernel would be another count; the CPU's random
		// numbers spare it to gather some.
		words = append(words, "nokaslr", "random.trust_cpu=on")
	}
	return append(words, c.Append...)
}
