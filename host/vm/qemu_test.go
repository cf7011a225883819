//go:build boots

package vm

import (
	"context"
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
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("no kernel ", 1000)), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		config Config
		end    func(*testing.T, context.CancelFunc, *VM) Exit
	}{
		"stopped over QMP": {Config{Kernel: garbage}, func(t *testing.T, _ context.CancelFunc, v *VM) Exit {
			began := time.Now()
			exit := v.Stop(0)
			if took := time.Since(began); took > 2*quitDeadline {
				t.Errorf("it took %s", took)
			}
			return exit
		}},
		"its context ended": {Config{Kernel: garbage}, func(_ *testing.T, cancel context.CancelFunc, v *VM) Exit {
			cancel()
			return v.Stop(0)
		}},
		"killed": {Config{Kernel: garbage}, func(t *testing.T, _ context.CancelFunc, v *VM) Exit {
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
		"it refuses its arguments": {Config{Kernel: garbage, Disks: []Disk{{Path: "/no/such/disk", Serial: "xfs"}}}, func(t *testing.T, _ context.CancelFunc, v *VM) Exit {
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

// TestAGuestThatNeverSpeaksInQEMU boots what the firmware takes for a kernel.
func TestAGuestThatNeverSpeaksInQEMU(t *testing.T) {
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("no kernel ", 1000)), 0o644); err != nil {
		t.Fatal(err)
	}
	v, err := Start(t.Context(), Config{Kernel: garbage}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := v.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "the kernel printed nothing") {
		t.Errorf("Ready() = %v", err)
	}
	if exit := v.Stop(0); exit.Err != nil {
		t.Errorf("exit %+v", exit)
	}
}
