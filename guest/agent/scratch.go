package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

// noScratchError says why this kernel has no place for what a probe is to write: the
// probe cannot be asked here.
type noScratchError struct{ reason string }

func (e *noScratchError) Error() string { return e.reason }

// scratch makes an empty directory with as much space as a probe asks for; release
// empties it. The zero Scratch asks for none, and has what a tmpfs of the default size
// has. Who asks is also given the modules for making a disk of a file (loop), where
// the kernel has any. The error is a [*noScratchError] where the kernel is not made for it.
func (m *mounter) scratch(s wire.Scratch) (dir string, release func(), err error) {
	on, unmount := "", func() {}
	if s.MiB > 0 {
		m.load([]string{matrix.ScratchDisk})
	}
	switch {
	case s.Disk:
		on, err = m.scratchDisk()
	case s.MiB > 0:
		on = filepath.Join(mountRoot, "scratch-tmpfs")
		if err = mountAt(on, "tmpfs", "tmpfs", fmt.Sprintf("size=%dm", s.MiB)); err == nil {
			unmount = func() { _ = unix.Unmount(on, unix.MNT_DETACH) } // it holds the guest's memory at worst
		}
	default:
		on = m.mount(everything).Dirs["tmpfs"]
	}
	if err == nil {
		dir, err = os.MkdirTemp(on, "external-")
	}
	if err == nil && s.Disk {
		err = fits(dir, s.MiB)
	}
	release = func() {
		_ = os.RemoveAll(dir) // what stays is gone with the guest; of "" it is nothing
		unmount()
	}
	if err != nil {
		release()
		return "", nil, fmt.Errorf("make a working directory: %w", err)
	}
	return dir, release, nil
}

// fits returns an error where fewer MiB are free, which an earlier probe may have taken.
func fits(dir string, mib int) error {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return fmt.Errorf("look at %s: %w", dir, err)
	}
	if free := int64(st.Bavail) * st.Bsize >> 20; free < int64(mib) {
		return fmt.Errorf("%d MiB are free on the disk, and the probe is to have %d", free, mib)
	}
	return nil
}

// scratchDisk mounts the disk, unless it is, and returns where. It is mounted for the
// first probe that asks, and not before a guest is saved: its clones have fresh disks.
func (m *mounter) scratchDisk() (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir := filepath.Join(mountRoot, matrix.ScratchDisk)
	if m.done[matrix.ScratchDisk] {
		return dir, nil
	}
	for _, d := range disks() {
		if d.serial != matrix.ScratchDisk {
			continue
		}
		err := mountAt(dir, d.device, wire.ScratchType, "")
		if errors.Is(err, unix.ENODEV) {
			return "", &noScratchError{"the kernel has no " + wire.ScratchType + ", which the scratch disk has"}
		}
		m.done[matrix.ScratchDisk] = err == nil
		return dir, err
	}
	return "", &noScratchError{"the kernel shows no scratch disk: it has no virtio_blk"}
}

// mountAt mounts a file system on a directory, which it makes.
func mountAt(dir, device, kind, data string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(device, dir, kind, unix.MS_NOATIME, data); err != nil {
		return fmt.Errorf("mount %s: %w", kind, err)
	}
	return nil
}

// guestDisk is a virtio disk, which its serial number names.
type guestDisk struct{ serial, device string }

// disks lists the guest's.
func disks() (list []guestDisk) {
	files, err := filepath.Glob("/sys/block/vd*/serial")
	if err != nil {
		return nil // the pattern is well-formed
	}
	for _, file := range files {
		if serial, err := os.ReadFile(file); err == nil {
			list = append(list, guestDisk{strings.TrimSpace(string(serial)), "/dev/" + filepath.Base(filepath.Dir(file))})
		}
	}
	return list
}
