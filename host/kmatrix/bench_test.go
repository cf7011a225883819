//go:build boots

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/u-root/u-root/pkg/cpio"

	"kmatrix/host/vm"
	"kmatrix/matrix"
	"kmatrix/matrix/spec"
)

// poweroff is the least init there is: an ELF executable of one call,
// reboot(LINUX_REBOOT_CMD_POWER_OFF).
func poweroff() []byte {
	le := binary.LittleEndian
	code := []byte{
		0xb8, 169, 0, 0, 0, // mov $__NR_reboot, %eax
		0xbf, 0xad, 0xde, 0xe1, 0xfe, // mov $LINUX_REBOOT_MAGIC1, %edi
		0xbe, 0x69, 0x19, 0x12, 0x28, // mov $LINUX_REBOOT_MAGIC2, %esi
		0xba, 0xdc, 0xfe, 0x21, 0x43, // mov $LINUX_REBOOT_CMD_POWER_OFF, %edx
		0x0f, 0x05, // syscall
	}
	const base, header = 0x400000, 64 + 56
	b := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 9)...)
	b = le.AppendUint16(b, 2)
	b = le.AppendUint16(b, 62)
	b = le.AppendUint32(b, 1)
	b = le.AppendUint64(b, base+header)
	b = le.AppendUint64(b, 64)
	b = le.AppendUint64(b, 0)
	b = le.AppendUint32(b, 0)
	for _, v := range []uint16{64, 56, 1, 64, 0, 0} {
		b = le.AppendUint16(b, v)
	}
	b = le.AppendUint32(b, 1) // PT_LOAD
	b = le.AppendUint32(b, 5) // readable, executable
	size := uint64(header + len(code))
	for _, v := range []uint64{0, base, base, size, size, 4096} {
		b = le.AppendUint64(b, v)
	}
	return append(b, code...)
}

func bareInitrd(b *testing.B) string {
	b.Helper()
	var archive bytes.Buffer
	w := cpio.Newc.Writer(&archive)
	if err := cpio.WriteRecords(w, []cpio.Record{cpio.StaticFile("init", string(poweroff()), 0o755)}); err != nil {
		b.Fatal(err)
	}
	if err := cpio.WriteTrailer(w); err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(b.TempDir(), "bare.cpio")
	if err := os.WriteFile(file, archive.Bytes(), 0o644); err != nil {
		b.Fatal(err)
	}
	return file
}

// BenchmarkBoot measures boot-to-agent-ready beside its floor, bare QEMU with
// the same kernel and machine type and an init that powers off, and beside a
// restore of what was saved of it, turn by turn. The figures are medians; the
// budgets are 1.3 for ready/floor and 0.25 s for a restore.
func BenchmarkBoot(b *testing.B) {
	s, err := spec.LoadFile("../../kernels.yaml", known())
	if err != nil {
		b.Fatal(err)
	}
	plan, err := s.Plan(spec.Selection{}, known())
	if err != nil {
		b.Fatal(err)
	}
	images, err := newImages(imageOptions{initramfs: initramfs, log: func(s string) { b.Log(s) }}, s, plan.Probes)
	if err != nil {
		b.Fatal(err)
	}
	bare := bareInitrd(b)
	for _, k := range plan.Kernels {
		if k.Source.Kind != "deb" {
			continue
		}
		b.Run(k.Name, func(b *testing.B) {
			img, err := images.Image(b.Context(), k)
			if err != nil {
				b.Fatal(err)
			}
			machine := plan.Machines[0]
			machine.Accel = matrix.AccelTCG
			full := vm.Config{Machine: machine, Kernel: img.Boot, Initrd: img.Initrd}
			for fs, path := range img.Disks {
				full.Disks = append(full.Disks, vm.Disk{Path: path, Serial: fs})
			}
			floor := vm.Config{Machine: machine, Kernel: img.Boot, Initrd: bare, Bare: true}
			var ready, ends, saves, restores []float64
			var bytes int64
			for b.Loop() {
				ends = append(ends, timed(b, floor, func(v *vm.VM) error { <-v.Done(); return nil }))
				var path, boot string
				var made vm.Made
				ready = append(ready, timed(b, full, func(v *vm.VM) error {
					ready, err := v.Ready(b.Context())
					boot = ready.Boot
					return err
				}, func(v *vm.VM) {
					began := time.Now()
					path, made = save(b, v, full, boot)
					saves = append(saves, time.Since(began).Seconds())
				}))
				restored, opened := full, time.Now()
				if restored.Restore, err = vm.OpenSnapshot(path, made, boot); err != nil {
					b.Fatal(err)
				}
				opening := time.Since(opened).Seconds()
				restores = append(restores, opening+timed(b, restored, func(v *vm.VM) error { _, err := v.Ready(b.Context()); return err }))
				st, err := os.Stat(path)
				if err := errors.Join(err, restored.Restore.Close(), os.Remove(path)); err != nil {
					b.Fatal(err)
				}
				bytes = st.Size()
			}
			b.ReportMetric(median(ends), "floor-s")
			b.ReportMetric(median(ready), "ready-s")
			b.ReportMetric(median(ready)/median(ends), "ready/floor")
			b.ReportMetric(median(saves), "save-s")
			b.ReportMetric(float64(bytes>>20), "save-MiB")
			b.ReportMetric(median(restores), "restore-s")
			b.ReportMetric(median(restores)/median(ready), "restore/ready")
		})
	}
}

// timed returns the seconds from a guest's start until it is so far, and calls
// then before it ends the guest.
func timed(b *testing.B, c vm.Config, until func(*vm.VM) error, then ...func(*vm.VM)) float64 {
	b.Helper()
	began := time.Now()
	v, err := vm.Start(b.Context(), c, nil)
	if err != nil {
		b.Fatal(err)
	}
	err = until(v)
	took := time.Since(began).Seconds()
	for _, do := range then {
		do(v)
	}
	exit := v.Stop(0)
	if err != nil || strings.Contains(exit.Console, "Kernel panic") {
		b.Fatal(fmt.Errorf("%w; the console ends in %s", err, exit.Console))
	}
	return took
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
