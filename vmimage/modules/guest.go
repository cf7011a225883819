package modules

import "kmatrix/matrix"

// Needed are those that are loaded, by what they are for: "guest" are
// every guest's, for its disks and ports, and to tell QEMU of a panic, whose driver
// is pvpanic up to 5.12 and pvpanic_mmio on top of it since; the others are what
// probes need, file systems and other parts of a kernel, with what these ask for by
// an alias. A kernel that has them built in, or not at all, loads none. They are there only where probes need
// them, and loaded then: btrfs tries out its checksums first, and Debian's xfs has
// the kernel go through all its trace events, which takes seconds on an emulated
// CPU.
var Needed = []struct {
	Need    string
	Modules []string
}{
	{"guest", []string{"virtio_pci", "virtio_blk", "virtio_console", "pvpanic", "pvpanic_mmio"}},
	{"xfs", []string{"xfs"}},
	{"ext4", []string{"ext4"}},
	// Tests that want room make disks of files, as LTP's do.
	{matrix.ScratchDisk, []string{"ext4", "loop"}},
	{"btrfs", []string{"btrfs"}},
	{"overlay", []string{"overlay"}},
	{"fuse", []string{"fuse"}},
	// tls allocates gcm(aes), of which these are the parts.
	{"tls", []string{"ctr", "ghash_generic", "gcm", "tls"}},
}

// Guest lists the modules that any guest takes.
func Guest() (list []string) {
	for _, n := range Needed {
		list = append(list, n.Modules...)
	}
	return list
}
