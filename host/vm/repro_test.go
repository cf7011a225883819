package vm

import (
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/matrix/proc"
)

func TestAReproNeedsNobodysDescriptors(t *testing.T) {
	c := Config{
		Kernel: "vmlinux", Initrd: "init.cpio", Append: []string{"slub_debug=FZP"}, Restore: &Snapshot{},
		Machine: matrix.Machine{CPU: "max", Clock: matrix.ClockIcount}, Disks: []Disk{{Path: "/d/xfs.img", Serial: "xfs"}},
	}
	got := proc.Cmd{Path: DefaultQEMU, Args: Repro(c)}.String()
	for _, gone := range []string{"fd=", "-mon", "qmp", "-incoming", "socket"} {
		if strings.Contains(got, gone) {
			t.Errorf("%s is in %s", gone, got)
		}
	}
	for _, there := range []string{"qemu-system-x86_64 -nodefaults ", "-chardev stdio,id=console -device isa-serial,index=0,chardev=console", "-chardev null,id=serial ", "-chardev null,id=control ", "slub_debug=FZP'", "file=/d/xfs.img", "-icount shift=0"} {
		if !strings.Contains(got, there) {
			t.Errorf("%s is not in %s", there, got)
		}
	}
}
