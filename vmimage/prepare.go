package vmimage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/external"
	"kmatrix/vmimage/initramfs"
	"kmatrix/vmimage/modules"
)

// neededModules are those that are loaded, by what they are for: "guest" are
// every guest's, for its disks and ports, and to tell QEMU of a panic, whose driver
// is pvpanic up to 5.12 and pvpanic_mmio on top of it since; the others are what
// probes need, file systems and other parts of a kernel, with what these ask for by
// an alias. A kernel that has them built in, or not at all, loads none. They are there only where probes need
// them, and loaded then: btrfs tries out its checksums first, and Debian's xfs has
// the kernel go through all its trace events, which takes seconds on an emulated
// CPU.
var neededModules = []struct {
	need    string
	modules []string
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

// allModules lists the modules that any guest takes.
func allModules() (list []string) {
	for _, n := range neededModules {
		list = append(list, n.modules...)
	}
	return list
}

// modulesFor picks the modules of a guest whose probes have those needs.
func modulesFor(ctx context.Context, dir string, needs []string) (list []initramfs.Need, err error) {
	for _, n := range neededModules {
		if n.need != "guest" && !slices.Contains(needs, n.need) {
			continue
		}
		s, err := modules.Select(ctx, dir, n.modules)
		if err != nil {
			return nil, err
		}
		list = append(list, initramfs.Need{Name: n.need, Modules: s.Modules})
	}
	return list, nil
}

// fileInitrd is the name of an initramfs in its cache entry.
const fileInitrd = "initramfs.cpio"

// Guest is what an initramfs is made for.
type Guest struct {
	// Base is the archive that holds the agent, and BaseDigest its content.
	Base, BaseDigest string
	// Needs name the file systems and other parts of a kernel that the probes
	// need.
	Needs []string
	// External are the external probes with their programs.
	External []external.Ready
}

// Prepare returns the path of the initramfs for an image: the guest's base, the
// modules, and the external probes' programs.
func Prepare(ctx context.Context, env *Env, img matrix.Image, g Guest) (string, error) {
	wanted := slices.Compact(slices.Sorted(slices.Values(g.Needs)))
	programs, err := external.Digest(g.External)
	if err != nil {
		return "", err
	}
	key := cache.Key(kindInitramfs, g.BaseDigest, img.Digest, strings.Join(wanted, " "), programs)
	dir, err := env.Cache.Entry(ctx, key, func(ctx context.Context, dir string) error {
		var list []initramfs.Need
		if img.Modules != "" {
			var err error
			if list, err = modulesFor(ctx, img.Modules, wanted); err != nil {
				return err
			}
		}
		var own, more bytes.Buffer
		if err := initramfs.WriteModules(&own, list); err != nil {
			return err
		}
		if len(g.External) > 0 {
			if err := initramfs.WriteExternal(&more, g.External); err != nil {
				return err
			}
		}
		f, err := os.Open(g.Base)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // it was only read
		out, err := os.Create(filepath.Join(dir, fileInitrd))
		if err != nil {
			return err
		}
		return errors.Join(initramfs.Join(out, f, &own, &more), out.Close())
	})
	if err != nil {
		return "", fmt.Errorf("make the initramfs of %s: %w", img.Kernel, err)
	}
	return filepath.Join(dir, fileInitrd), nil
}
