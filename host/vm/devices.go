package vm

import (
	"cmp"
	"fmt"
	"strings"

	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

// device is a part of a guest: QEMU's arguments for it, and what the kernel must be
// told because of it.
type device struct {
	args []string
	// words are those of the kernel's command line.
	words []string
	// channel is what args connect the device to; nil for nothing.
	channel *channel
	// kmatrix tells that the device is nobody's without kmatrix.
	kmatrix bool
}

// channel is a line between a guest and kmatrix.
type channel struct {
	id string
	// fd is the descriptor of its socket that QEMU inherits, and options what else the
	// socket has.
	fd      int
	options string
	// shell is what takes the place of the socket in a shell; empty means nothing,
	// QEMU's null.
	shell string
}

func (c *channel) inherited() string {
	return fmt.Sprintf("socket,id=%s,fd=%d%s", c.id, c.fd, c.options)
}

func (c *channel) inShell() string { return cmp.Or(c.shell, "null") + ",id=" + c.id }

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

// devices lists the parts of a guest in the order of its command line.
func devices(c Config) []device {
	list := []device{
		{args: []string{"-nodefaults", "-no-user-config", "-display", "none", "-vga", "none"}},
		// A panic is told as an event by pvpanic below, where the guest has its
		// driver, and the guest goes on: it prints the rest of its last words, and its
		// reboot (panic=-1) ends QEMU. Any other action ends it in the middle of them.
		// An oops, which can leave locks held, becomes a panic.
		{args: []string{"-no-reboot", "-action", "panic=none"}, words: []string{"panic=-1", "oops=panic"}},
		{args: []string{"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"}},
		// The keyboard controller is there to reboot with: there is nothing on it to
		// wait for.
		{args: []string{"-machine", "q35,graphics=off,usb=off,vmport=off,smbus=off,sata=off,i8042=on"}, words: []string{"i8042.noaux", "i8042.nopnp", "i8042.nokbd"}},
		processor(c),
		{
			kmatrix: true, channel: &channel{id: "qmp", fd: fdQMP, options: ",server=on,wait=off"}, args: []string{"-mon", "chardev=qmp,mode=control"},
			// What is examined over it: a guest that hangs is sent an NMI, which prints a
			// backtrace this way only, and SysRq, which Debian's kernels mask.
			words: []string{"unknown_nmi_panic", "sysrq_always_enabled"},
		},
		{
			channel: &channel{id: "console", fd: fdConsole, shell: "stdio"}, args: []string{"-device", "isa-serial,index=0,chardev=console"},
			// The console is a log: warnings and worse, not each device. An oops and a
			// panic print whatever the level.
			words: []string{"console=ttyS0", "loglevel=5"},
		},
		kernel(c),
		// A guest is stopped while it is saved, and runs when it is restored.
		{args: []string{"-global", "migration.store-global-state=off"}},
	}
	if c.Restore != nil {
		list = append(list, device{kmatrix: true, args: []string{"-incoming", fmt.Sprintf("fd:%d", fdRestore)}})
	}
	if c.Bare {
		return list
	}
	list = append(list,
		device{channel: &channel{id: "serial", fd: fdSerial}, args: []string{"-device", "isa-serial,index=1,chardev=serial"}},
		device{args: []string{"-device", "pvpanic"}},
		device{args: []string{"-device", "virtio-serial-pci,max_ports=5"}},
		virtioPort("in", fdToGuest, wire.PortToGuest),
		virtioPort("out", fdToHost, wire.PortToHost),
		virtioPort("probe", fdProbe, wire.PortProbe),
		virtioPort("control", fdProbeControl, wire.PortProbeControl),
	)
	for i, d := range c.Disks {
		list = append(list, disk(i, d))
	}
	return list
}

// bufferSize bounds TCG's translation buffer, in MiB, which QEMU lets grow to 1 GiB
// where the host has 8: a guest that makes code all the time would fill it.
const bufferSize = ",tb-size=128"

// processor is what carries out the guest's instructions, and its memory and clock.
func processor(c Config) device {
	accel := "tcg" + bufferSize
	if c.Machine.Accel == matrix.AccelKVM {
		accel = "kvm"
	}
	if c.icount() {
		// More threads than one would race for the count.
		accel += ",thread=single"
	}
	d := device{
		args: []string{
			"-accel", accel,
			// TCG's own default lacks AVX, which newer programs need to live.
			"-cpu", cmp.Or(c.Machine.CPU, "max"),
			"-smp", fmt.Sprint(cmp.Or(c.Machine.CPUs, 1)), "-m", fmt.Sprint(c.memoryMiB()),
		},
		// Calibrating timers against each other stalls on an emulated CPU and on a
		// busy host.
		words: []string{"no_timer_check", "tsc=reliable"},
	}
	if c.icount() {
		// sleep=off: an idle guest jumps to its next timer, and waits for no real
		// time. The clock on the wall stands where it stood at every other boot.
		d.args = append(d.args, "-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01T00:00:00,clock=vm")
		// Another layout of the kernel would be another count; the CPU's random
		// numbers spare it to gather some.
		d.words = append(d.words, "nokaslr", "random.trust_cpu=on")
	}
	return d
}

// kernel is what the guest boots.
func kernel(c Config) device {
	d := device{
		args: []string{"-kernel", c.Kernel},
		words: []string{
			// Nobody reads the audit log, and printing it costs.
			"audit=0",
			// The kernel's tests of its own ciphers take a fifth of an emulated boot, and
			// half of one whose instructions are counted.
			"cryptomgr.notests",
			"rdinit=/init",
		},
	}
	if c.Initrd != "" {
		d.args = append(d.args, "-initrd", c.Initrd)
	}
	return d
}

// virtioPort is a port that the guest finds by its name.
func virtioPort(id string, fd int, name string) device {
	return device{channel: &channel{id: id, fd: fd}, args: []string{"-device", "virtserialport,chardev=" + id + ",name=" + name}}
}

// disk is the guest's disk of that number, from 0.
func disk(i int, d Disk) device {
	return device{args: []string{
		"-drive", fmt.Sprintf("if=none,id=disk%d,format=raw,cache=unsafe,snapshot=on,file=%s", i, strings.ReplaceAll(d.Path, ",", ",,")),
		"-device", fmt.Sprintf("virtio-blk-pci,drive=disk%d,serial=%s,werror=stop,rerror=stop", i, d.Serial),
	}}
}
