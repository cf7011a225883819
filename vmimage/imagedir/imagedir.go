// Package imagedir is the directory of a prepared kernel, as the cache keeps it: what
// boots, modules and configuration under fixed names, and what it says of itself.
package imagedir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/vmimage/bzimage"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/unpack"
)

// Names within a prepared kernel's directory.
const (
	FileVmlinux = "vmlinux"
	// FileSymbols is the vmlinux as it was linked, where it has debug information. It
	// boots nothing, and is no part of the image's digest.
	FileSymbols = "vmlinux.debug"
	fileBzImage = "bzImage"
	FileConfig  = "config"
	// FileBuilt says how the image, or the objects, were built.
	FileBuilt  = "built.json"
	DirModules = "modules"
	fileFacts  = "image.json"
)

// Facts is what a prepared kernel's directory says of itself.
type Facts struct {
	Release string `json:"release"`
	PVH     bool   `json:"pvh"`
	Digest  string `json:"digest"`
}

// Prepare brings an unpacked package into the form that [Open] reads: the
// uncompressed kernel where it boots by PVH, else the bzImage; modules and
// configuration under fixed names.
func Prepare(ctx context.Context, dir string) error {
	kernels, err := Find(dir, func(name string) bool { return strings.HasPrefix(filepath.Base(name), "vmlinuz") })
	if err != nil {
		return err
	}
	if len(kernels) != 1 {
		return fmt.Errorf("the packages hold %d kernels (vmlinuz), want one", len(kernels))
	}
	f, err := Boot(ctx, kernels[0], dir)
	if err != nil {
		return err
	}
	configs, err := Find(dir, func(name string) bool {
		return strings.HasPrefix(filepath.Base(name), "config") && filepath.Base(filepath.Dir(name)) != "kernel"
	})
	if err != nil {
		return err
	}
	if len(configs) > 0 {
		if err := os.Rename(configs[0], filepath.Join(dir, FileConfig)); err != nil {
			return err
		}
	}
	trees, err := filepath.Glob(filepath.Join(dir, "*lib", "modules", "*"))
	if err != nil {
		return err
	}
	more, err := filepath.Glob(filepath.Join(dir, "usr", "lib", "modules", "*"))
	if err != nil {
		return err
	}
	if trees = append(trees, more...); len(trees) > 0 {
		if f.Release == "" {
			f.Release = filepath.Base(trees[0])
		}
		if err := os.Rename(trees[0], filepath.Join(dir, DirModules)); err != nil {
			return err
		}
	}
	for _, rest := range []string{"boot", "lib", "usr"} {
		if err := os.RemoveAll(filepath.Join(dir, rest)); err != nil {
			return err
		}
	}
	return Describe(dir, f)
}

// Boot puts the file to boot into dir. A kernel that has no PVH entry point, or
// is compressed in a format that is not read, is booted as it came.
func Boot(ctx context.Context, kernel, dir string) (Facts, error) {
	header, err := bzimage.Read(kernel)
	if err != nil {
		return Facts{}, err
	}
	f := Facts{Release: header.Release}
	vmlinux := filepath.Join(dir, FileVmlinux)
	err = header.Vmlinux(ctx, vmlinux)
	if err == nil {
		f.PVH, err = bzimage.HasPVH(vmlinux)
	}
	if err != nil && !errors.Is(err, unpack.ErrFormat) {
		return f, err
	}
	if f.PVH {
		return f, nil
	}
	if err := os.Remove(vmlinux); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	return f, CopyFile(kernel, filepath.Join(dir, fileBzImage))
}

// Describe writes the directory's Facts, the digest over all of it included.
func Describe(dir string, f Facts) error {
	files, err := Find(dir, func(name string) bool {
		return !slices.Contains([]string{fileFacts, FileBuilt, FileSymbols}, filepath.Base(name))
	})
	if err != nil {
		return err
	}
	sum, err := cache.Digest(files...)
	if err != nil {
		return err
	}
	f.Digest = "sha256:" + sum
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, fileFacts), text, 0o644)
}

// Open reads a prepared kernel's directory.
func Open(dir string) (matrix.Image, error) {
	text, err := os.ReadFile(filepath.Join(dir, fileFacts))
	if err != nil {
		return matrix.Image{}, fmt.Errorf("the cache's entry is damaged; delete it: %w", err)
	}
	var f Facts
	if err := json.Unmarshal(text, &f); err != nil {
		return matrix.Image{}, fmt.Errorf("the cache's entry %s is damaged; delete it: %w", dir, err)
	}
	img := matrix.Image{Release: f.Release, PVH: f.PVH, Digest: f.Digest, Boot: filepath.Join(dir, fileBzImage)}
	if f.PVH {
		img.Boot = filepath.Join(dir, FileVmlinux)
	}
	if img.Built, err = ReadBuilt(dir); err != nil {
		return matrix.Image{}, err
	}
	for _, one := range []struct {
		to   *string
		name string
	}{{&img.Modules, DirModules}, {&img.Config, FileConfig}, {&img.Symbols, FileSymbols}} {
		if _, err := os.Stat(filepath.Join(dir, one.name)); err == nil {
			*one.to = filepath.Join(dir, one.name)
		}
	}
	if img.Config != "" {
		if img.ConfigDigest, err = cache.Digest(img.Config); err != nil {
			return matrix.Image{}, err
		}
	}
	return img, nil
}

// Find lists the regular files below dir that are wanted, sorted.
func Find(dir string, want func(string) bool) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && want(name) {
			files = append(files, name)
		}
		return err
	})
	slices.Sort(files)
	return files, err
}

// CopyFile copies a file of moderate size.
func CopyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644)
}

// ReadBuilt reads how an image or objects were built; nil where nothing was.
func ReadBuilt(dir string) (*matrix.Built, error) {
	text, err := os.ReadFile(filepath.Join(dir, FileBuilt))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var b matrix.Built
	if err == nil {
		err = json.Unmarshal(text, &b)
	}
	if err != nil {
		return nil, fmt.Errorf("the cache's entry %s is damaged; delete it: %w", dir, err)
	}
	return &b, nil
}
