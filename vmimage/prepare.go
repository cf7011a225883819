package vmimage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/initramfs"
	"kmatrix/vmimage/modules"
)

// GuestModules are the modules that a guest may need: its disks, its ports and
// the file systems of the probes. A kernel that has them built in loads none.
var GuestModules = []string{"virtio_pci", "virtio_blk", "virtio_console", "xfs", "ext4"}

// fileInitrd is the name of an initramfs in its cache entry.
const fileInitrd = "initramfs.cpio"

// Prepare returns the path of the initramfs for an image: the base, which
// holds the agent, and the modules. baseDigest is the base's content.
func Prepare(ctx context.Context, env *Env, img matrix.Image, base, baseDigest string) (string, error) {
	key := cache.Key(kindInitramfs, baseDigest, img.Digest, strings.Join(GuestModules, " "))
	dir, err := env.Cache.Entry(ctx, key, func(ctx context.Context, dir string) error {
		var list []modules.Module
		if img.Modules != "" {
			s, err := modules.Select(ctx, img.Modules, GuestModules)
			if err != nil {
				return err
			}
			list = s.Modules
		}
		var own bytes.Buffer
		if err := initramfs.WriteModules(&own, list); err != nil {
			return err
		}
		f, err := os.Open(base)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // it was only read
		out, err := os.Create(filepath.Join(dir, fileInitrd))
		if err != nil {
			return err
		}
		return errors.Join(initramfs.Join(out, f, &own), out.Close())
	})
	if err != nil {
		return "", fmt.Errorf("make the initramfs of %s: %w", img.Kernel, err)
	}
	return filepath.Join(dir, fileInitrd), nil
}
