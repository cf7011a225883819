//go:build boots

package host

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"kmatrix/guest/probe"
	_ "kmatrix/guest/probe/all" // for the probes' names
	"kmatrix/host/vm"
	"kmatrix/matrix"
	"kmatrix/vmimage"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/debian"
	"kmatrix/vmimage/disk"
	"kmatrix/vmimage/lock"
	"kmatrix/vmimage/source"
)

// oneImage is an image that is there.
type oneImage struct{ Bootable }

func (i oneImage) Image(context.Context, matrix.Kernel) (Bootable, error) { return i.Bootable, nil }

// debianImage gets Debian's 6.1 ready to boot, from the user's cache.
func debianImage(t *testing.T) Bootable {
	t.Helper()
	dir, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	const base = "../bin/initramfs.cpio"
	sum, err := cache.Digest(base)
	if err != nil {
		t.Fatal(err)
	}
	l, err := lock.Open(filepath.Join(t.TempDir(), "kernels.lock"))
	if err != nil {
		t.Fatal(err)
	}
	k := matrix.Kernel{Name: "6.1", Source: matrix.Source{Kind: "deb", Fields: map[string]string{"deb": "linux-image-cloud-amd64", "suite": "bookworm"}}}
	env := &vmimage.Env{Kernels: []matrix.Kernel{k}, Env: source.Env{
		Cache: &cache.Cache{Dir: filepath.Join(dir, "kmatrix")}, Lock: l, HTTP: http.DefaultClient, Dir: ".",
		Mirrors: func() (debian.Mirrors, error) { return debian.FromApt("/") }, Log: func(string) {}, Progress: func(string, string) {},
	}}
	img, err := vmimage.Fetch(t.Context(), env, k)
	if err != nil {
		t.Fatal(err)
	}
	needs := []string{"tmpfs", "xfs"}
	b := Bootable{Image: img, Disks: map[string]string{}}
	if b.Initrd, err = vmimage.Prepare(t.Context(), env, img, vmimage.Guest{Base: base, BaseDigest: "sha256:" + sum, Needs: needs}); err != nil {
		t.Fatal(err)
	}
	for _, f := range disk.ForProbes(needs) {
		if b.Disks[f.Name], err = disk.Make(t.Context(), env.Cache, f); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// newReal returns a runner of guests in QEMU, of one kernel.
func newReal(t *testing.T, img Bootable, probes ...string) (*Runner, []matrix.Cell) {
	t.Helper()
	version, err := vm.Version(t.Context(), vm.DefaultQEMU)
	if err != nil {
		t.Fatal(err)
	}
	k := matrix.Kernel{Name: "6.1", Contract: matrix.Reference}
	c := Config{
		Kernels: []matrix.Kernel{k}, Images: oneImage{img}, Jobs: 1, CacheDir: t.TempDir(), QEMU: vm.DefaultQEMU, Version: version,
		Machines: []matrix.Machine{{Name: "m", MemoryMiB: 512, Accel: matrix.AccelTCG, Clock: matrix.ClockWall, CPU: "max", Boots: 1}},
	}
	for _, p := range probe.All() {
		c.Probes = append(c.Probes, p.Probe)
	}
	var cells []matrix.Cell
	for _, p := range probes {
		cells = append(cells, matrix.Cell{Kernel: k.Name, Machine: "m", Probe: p})
	}
	return newRunner(t, c, matrix.Run{Machines: c.Machines, Kernels: []matrix.Column{{Name: k.Name}}}), cells
}

func TestClonesInQEMU(t *testing.T) {
	img := debianImage(t)
	testClones(t, func(t *testing.T) (*Runner, []matrix.Cell) {
		return newReal(t, img, "stability/read-write/write/tmpfs/dirty", "stability/splice/write/xfs/dirty")
	})
}
