// Package disk makes the file system images that probes work on.
//
// They are made on the host, with features that the oldest kernel of the
// matrix mounts, and are pristine for every boot: QEMU opens them with
// snapshot=on and writes elsewhere.
package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/proc"
	"kmatrix/vmimage/cache"
)

// FileSystem is one that a disk can be made with.
type FileSystem struct {
	// Name is the disk's serial number: the type that the guest mounts, or
	// [matrix.ScratchDisk].
	Name string
	// Carries are the file systems that are mounted over it, and need it.
	Carries []string
	// MiB is the size of the image, which is sparse.
	MiB int64
	// Program makes it, from the Debian package Package.
	Program, Package string
	// Args stand before the image's path.
	Args []string
}

// identity of the file systems, so that an image is the same wherever it is
// made.
const identity = "6b6d6174-7269-4780-8000-000000000001"

// FileSystems are those that disks are made with.
var FileSystems = []FileSystem{
	{
		// 301 MiB is the least that mkfs.xfs makes. Features newer than 5.10
		// are off: bigtime and inobtcount are experimental there, nrext64 came
		// with 5.19.
		Name: "xfs", Carries: []string{"overlay"}, MiB: 512, Program: "mkfs.xfs", Package: "xfsprogs",
		Args: []string{"-q", "-f", "-m", "crc=1,finobt=1,reflink=1,rmapbt=0,bigtime=0,inobtcount=0,uuid=" + identity, "-i", "sparse=1,nrext64=0"},
	},
	{
		// The tables are written now, so that no thread of the guest does it
		// while a probe runs. orphan_file came with 5.15, and newer mke2fs
		// turn it on.
		Name: "ext4", MiB: 256, Program: "mkfs.ext4", Package: "e2fsprogs",
		Args: []string{"-q", "-F", "-U", identity, "-E", "lazy_itable_init=0,lazy_journal_init=0,hash_seed=" + identity},
	},
	{
		// 109 MiB is the least that mkfs.btrfs makes. free-space-tree is off:
		// it is the default since btrfs-progs 5.15, and takes time at mount.
		Name: "btrfs", MiB: 256, Program: "mkfs.btrfs", Package: "btrfs-progs",
		Args: []string{"-q", "-f", "-U", identity, "-d", "single", "-m", "single"},
	},
}

// Scratch returns the disk on which so many MiB are free for the files of external
// probes: what the file system takes for itself comes on top.
func Scratch(mib int) FileSystem {
	return FileSystem{
		Name: matrix.ScratchDisk, MiB: int64(mib) + int64(mib)/32 + 64, Program: "mkfs.ext4", Package: "e2fsprogs",
		// The same sizes of blocks and of the journal for any size, where mke2fs would
		// take more for itself on a small one, and nothing that is root's alone.
		Args: []string{"-q", "-F", "-U", identity, "-b", "4096", "-i", "16384", "-m", "0", "-J", "size=16", "-E", "lazy_itable_init=0,lazy_journal_init=0,hash_seed=" + identity},
	}
}

// ForProbes returns the file systems that are among names, or carry one of
// them; those that need no disk are passed over.
func ForProbes(names []string) []FileSystem {
	return slices.DeleteFunc(slices.Clone(FileSystems), func(f FileSystem) bool {
		return !slices.ContainsFunc(append(f.Carries, f.Name), func(name string) bool { return slices.Contains(names, name) })
	})
}

// Make returns the path of a pristine image, from the cache or newly made.
func Make(ctx context.Context, c *cache.Cache, f FileSystem) (string, error) {
	program, err := exec.LookPath(f.Program)
	if err != nil {
		return "", fmt.Errorf("make a disk with %s: there is no %s in PATH: make setup installs it (on Debian the package %s)", f.Name, f.Program, f.Package)
	}
	version, err := cache.Digest(program)
	if err != nil {
		return "", fmt.Errorf("make a disk with %s: %w", f.Name, err)
	}
	args := slices.Clone(f.Args)
	if f.Program == "mkfs.ext4" {
		// An mke2fs that does not know the feature has it off already.
		if known, err := knowsOrphanFile(ctx, program); err != nil {
			return "", err
		} else if known {
			args = append(args, "-O", "^orphan_file")
		}
	}
	key := cache.Key("disks", f.Name, fmt.Sprint(f.MiB), version, strings.Join(args, " "))
	dir, err := c.Entry(ctx, key, func(ctx context.Context, dir string) error {
		return mkfs(ctx, filepath.Join(dir, f.Name+".img"), f.MiB, proc.Cmd{Path: program, Args: args})
	})
	if err != nil {
		return "", fmt.Errorf("make a disk with %s: %w", f.Name, err)
	}
	return filepath.Join(dir, f.Name+".img"), nil
}

func mkfs(ctx context.Context, path string, mib int64, c proc.Cmd) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(mib<<20), f.Close()); err != nil {
		return err
	}
	c.Args = append(c.Args, path)
	_, err = proc.Run(ctx, c)
	return err
}

// knowsOrphanFile asks mke2fs by a trial without writing.
func knowsOrphanFile(ctx context.Context, program string) (bool, error) {
	_, err := proc.Run(ctx, proc.Cmd{Path: program, Args: []string{"-n", "-q", "-F", "-O", "^orphan_file", os.DevNull, "1024"}})
	var failed *proc.Error
	if err != nil && !errors.As(err, &failed) {
		return false, err
	}
	return err == nil || !strings.Contains(failed.Stderr, "nvalid filesystem option"), ctx.Err()
}
