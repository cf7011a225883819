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

// modulesFor picks the modules of a guest whose probes have those needs.
func modulesFor(ctx context.Context, dir string, needs []string) (list []initramfs.Need, err error) {
	for _, n := range modules.Needed {
		if n.Need != "guest" && !slices.Contains(needs, n.Need) {
			continue
		}
		s, err := modules.Select(ctx, dir, n.Modules)
		if err != nil {
			return nil, err
		}
		list = append(list, initramfs.Need{Name: n.Need, Modules: s.Modules})
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
	item, err := initrd(img, g)
	if err != nil {
		return "", err
	}
	dir, err := env.Cache.Get(ctx, item)
	if err != nil {
		return "", fmt.Errorf("make the initramfs of %s: %w", img.Kernel, err)
	}
	return filepath.Join(dir, fileInitrd), nil
}

// initrd is the cache's entry of the initramfs for an image.
func initrd(img matrix.Image, g Guest) (cache.Item, error) {
	wanted := slices.Compact(slices.Sorted(slices.Values(g.Needs)))
	programs, err := external.Digest(g.External)
	key := cache.Key(kindInitramfs, g.BaseDigest, img.Digest, strings.Join(wanted, " "), programs)
	return cache.Item{Key: key, Fill: func(ctx context.Context, dir string) error {
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
	}}, err
}
