//go:build boots

package vm

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestNothingIsLeftOfAGuest starts real QEMUs that end in each way, and looks
// for their processes and files.
func TestNothingIsLeftOfAGuest(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	spin, garbage := spinnerFile(t), filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("no kernel ", 1000)), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		config Config
		end    func(*testing.T, context.CancelFunc, *VM) Exit
	}{
		"stopped over QMP": {Config{Kernel: spin}, func(t *testing.T, _ context.CancelFunc, v *VM) Exit {
			began := time.Now()
			exit := v.Stop(0)
			if took := time.Since(began); took > 2*quitDeadline {
				t.Errorf("it took %s", took)
			}
			return exit
		}},
		"its context ended": {Config{Kernel: spin}, func(_ *testing.T, cancel context.CancelFunc, v *VM) Exit {
			cancel()
			return v.Stop(0)
		}},
		"killed": {Config{Kernel: spin}, func(t *testing.T, _ context.CancelFunc, v *VM) Exit {
			if err := v.process.Kill(); err != nil {
				t.Fatal(err)
			}
			exit := v.Stop(time.Second)
			if exit.Err == nil {
				t.Error("a killed QEMU is no error")
			}
			return exit
		}},
		"it refuses the kernel": {Config{Kernel: filepath.Join(tmp, "no-such-file")}, func(t *testing.T, _ context.CancelFunc, v *VM) Exit {
			exit := v.Stop(5 * time.Second)
			if !strings.Contains(exit.Refused, "no-such-file") || exit.Err != nil {
				t.Errorf("exit %+v", exit)
			}
			return exit
		}},
		"it refuses garbage": {Config{Kernel: garbage}, func(t *testing.T, _ context.CancelFunc, v *VM) Exit {
			exit := v.Stop(5 * time.Second)
			if exit.Refused == "" || exit.Err != nil {
				t.Errorf("exit %+v", exit)
			}
			return exit
		}},
		"it refuses its arguments": {Config{Kernel: spin, Disks: []Disk{{Path: "/no/such/disk", Serial: "xfs"}}}, func(t *testing.T, _ context.CancelFunc, v *VM) Exit {
			exit := v.Stop(5 * time.Second)
			if exit.Err == nil || !strings.Contains(exit.Err.Error(), "/no/such/disk") {
				t.Errorf("exit %+v", exit)
			}
			return exit
		}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			v, err := Start(ctx, test.config, nil)
			if err != nil {
				t.Fatal(err)
			}
			test.end(t, cancel, v)
			if err := syscall.Kill(v.process.Pid, 0); err == nil {
				t.Errorf("process %d is left", v.process.Pid)
			}
			if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
				t.Errorf("files are left: %v (%v)", left, err)
			}
		})
	}
}

// spinner is a kernel that starts by PVH and does nothing for ever: an ELF
// file with the note of the entry point and, at one MiB, a jump to itself.
func spinner() []byte {
	le := binary.LittleEndian
	const base = 1 << 20
	note := append([]byte{4, 0, 0, 0, 8, 0, 0, 0, 18, 0, 0, 0, 'X', 'e', 'n', 0}, le.AppendUint64(nil, base)...)
	code := []byte{0xeb, 0xfe} // jmp .
	b := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 9)...)
	b = le.AppendUint16(b, 2)
	b = le.AppendUint16(b, 62)
	b = le.AppendUint32(b, 1)
	for _, v := range []uint64{base, 64, 0} {
		b = le.AppendUint64(b, v)
	}
	b = le.AppendUint32(b, 0)
	for _, v := range []uint16{64, 56, 2, 64, 0, 0} {
		b = le.AppendUint16(b, v)
	}
	at := uint64(64 + 2*56)
	segment := func(kind uint32, off, addr, size uint64) {
		b = le.AppendUint32(b, kind)
		b = le.AppendUint32(b, 5)
		for _, v := range []uint64{off, addr, addr, size, size, 4} {
			b = le.AppendUint64(b, v)
		}
	}
	segment(1, at, base, uint64(len(code)))
	segment(4, at+uint64(len(code)), base+4096, uint64(len(note)))
	return append(append(b, code...), note...)
}

// spinnerFile writes a spinner to a file.
func spinnerFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "spinner")
	if err := os.WriteFile(file, spinner(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAGuestThatNeverSpeaksInQEMU(t *testing.T) {
	v, err := Start(t.Context(), Config{Kernel: spinnerFile(t)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := v.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "the kernel printed nothing") {
		t.Errorf("Ready() = %v", err)
	}
	if exit := v.Stop(0); exit.Err != nil || exit.Refused != "" {
		t.Errorf("exit %+v", exit)
	}
}
