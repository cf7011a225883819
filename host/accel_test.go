package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/matrix"
)

func TestKVMVerdict(t *testing.T) {
	dir := t.TempDir()
	device := filepath.Join(dir, "kvm")
	if err := os.WriteFile(device, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	booted := 0
	boot := func(err error) func(context.Context) error {
		return func(context.Context) error { booted++; return err }
	}
	file := filepath.Join(dir, "cache", "kvm.json")
	for _, step := range []struct {
		name, device, qemu string
		boot               error
		usable             bool
		boots              int
		reason             string
	}{
		{"no device", filepath.Join(dir, "none"), "7.2", nil, false, 0, "there is no"},
		{"opens but does not boot", device, "7.2", errors.New("MSR 0x10a"), false, 1, "no guest boots with it: MSR 0x10a"},
		{"known by now", device, "7.2", nil, false, 0, "no guest boots with it: MSR 0x10a"},
		{"a kernel that died proves nothing", device, "8.0", &kernelDied{"panic"}, false, 1, "died: panic"},
		{"and is tried again", device, "8.0", &kernelDied{"panic"}, false, 1, "died: panic"},
		{"another QEMU", device, "9.0", nil, true, 1, "a guest booted"},
	} {
		booted = 0
		v, err := kvmVerdict(t.Context(), file, step.device, step.qemu, boot(step.boot))
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if v.Usable != step.usable || booted != step.boots || !strings.Contains(v.Reason, step.reason) {
			t.Errorf("%s: usable %v after %d boots because %q; want %v after %d because …%q…", step.name, v.Usable, booted, v.Reason, step.usable, step.boots, step.reason)
		}
	}
}

func TestAMachineThatInsistsOnKVMIsToldOfAuto(t *testing.T) {
	aborted := errors.New("signal: aborted")
	for accel, want := range map[matrix.Accel]bool{matrix.AccelKVM: true, matrix.AccelAuto: false, matrix.AccelTCG: false} {
		err := insisted(matrix.Machine{Name: "m", Accel: accel}, aborted)
		if !errors.Is(err, aborted) || strings.Contains(err.Error(), "the machine m asks for accel: kvm") != want {
			t.Errorf("accel: %s: %v", accel, err)
		}
	}
}

func TestInterruptedTrialGivesNoVerdict(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "kvm.json")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := kvmVerdict(ctx, file, os.DevNull, "7.2", func(context.Context) error { cancel(); return errors.New("killed") })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a verdict was kept")
	}
}
