//go:build boots

package main

import (
	"os"
	"path/filepath"
	"testing"

	"kmatrix/host/client"
	"kmatrix/host/vm"
	"kmatrix/matrix"
	"kmatrix/matrix/spec"
)

// debianGuest describes a guest with Debian's 6.1, without KVM.
func debianGuest(t testing.TB, clock matrix.Clock, words ...string) vm.Config {
	t.Helper()
	s, err := spec.LoadFile("../../kernels.yaml", known())
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Plan(spec.Selection{Kernels: []string{"6.1"}, Probes: []string{"stability"}}, known())
	if err != nil {
		t.Fatal(err)
	}
	images, err := newImages(imageOptions{initramfs: initramfs, log: func(s string) { t.Log(s) }}, s, plan.Probes)
	if err != nil {
		t.Fatal(err)
	}
	img, err := images.Image(t.Context(), plan.Kernels[0])
	if err != nil {
		t.Fatal(err)
	}
	c := vm.Config{Machine: plan.Machines[0], Kernel: img.Boot, Initrd: img.Initrd, Append: words}
	c.Machine.Accel, c.Machine.Clock = matrix.AccelTCG, clock
	for fs, path := range img.Disks {
		c.Disks = append(c.Disks, vm.Disk{Path: path, Serial: fs})
	}
	return c
}

// start starts a guest that is ready, and returns the boot that it named.
func start(t testing.TB, c vm.Config) (*vm.VM, string) {
	t.Helper()
	v, err := vm.Start(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	ready, err := v.Ready(t.Context())
	if err != nil {
		t.Fatalf("%v; %+v", err, v.Stop(0))
	}
	return v, ready.Boot
}

// save saves a guest, and returns the snapshot's path and what made it.
func save(t testing.TB, v *vm.VM, c vm.Config, boot string) (string, vm.Made) {
	t.Helper()
	made, err := c.Made("7")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "snapshot"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = client.Prepare(t.Context(), v.Line(), boot, []string{"xfs"})
	if err == nil {
		err = v.Save(t.Context(), f, made)
	}
	if err != nil {
		t.Fatalf("%v; %+v", err, v.Stop(0))
	}
	return f.Name(), made
}
