package host

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

// TestScratchIsOnADiskWhereMemoryIsTooSmall holds that the guest has the disk where a
// probe is told to use it, by the probe and the machine alone.
func TestScratchIsOnADiskWhereMemoryIsTooSmall(t *testing.T) {
	var probes []matrix.Probe
	most := 0
	for name, mib := range map[string]int{"external/none": 0, "external/little": 128, "external/much": 1024} {
		probes = append(probes, matrix.Probe{Name: name, Kind: matrix.External, Program: &matrix.Program{ScratchMiB: mib}})
		most = max(most, mib)
	}
	probes = append(probes, matrix.Probe{Name: "s/a", Kind: matrix.Stability})
	r := knowing(t, []matrix.Machine{{Name: "small", MemoryMiB: 512}, {Name: "large", MemoryMiB: 4096}}, probes)
	img := Bootable{Disks: map[string]string{"xfs": "/cache/xfs.img", matrix.ScratchDisk: "/cache/scratch.img"}, ScratchMiB: most}
	asked := []string{"s/a", "external/none", "external/little", "external/much"}
	for machine, want := range map[string]struct {
		room  map[string]wire.Scratch
		disks []string
	}{
		"small": {map[string]wire.Scratch{"external/little": {MiB: 128}, "external/much": {MiB: 1024, Disk: true}}, []string{matrix.ScratchDisk, "xfs"}},
		"large": {map[string]wire.Scratch{"external/little": {MiB: 128}, "external/much": {MiB: 1024}}, []string{"xfs"}},
	} {
		if diff := cmp.Diff(want.room, r.scratch(machine, asked)); diff != "" {
			t.Errorf("%s: %s", machine, diff)
		}
		var serials []string
		for _, d := range GuestConfig("", matrix.Kernel{}, r.machine(machine), img).Disks {
			serials = append(serials, d.Serial)
		}
		if diff := cmp.Diff(want.disks, serials); diff != "" {
			t.Errorf("%s: the disks: %s", machine, diff)
		}
	}
}
