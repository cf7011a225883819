package kvm

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
		{"a kernel that died proves nothing", device, "8.0", &DiedError{"panic"}, false, 1, "died: panic"},
		{"and is tried again", device, "8.0", &DiedError{"panic"}, false, 1, "died: panic"},
		{"another QEMU", device, "9.0", nil, true, 1, "a guest booted"},
	} {
		booted = 0
		v, err := find(t.Context(), file, step.device, step.qemu, boot(step.boot))
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if v.Usable != step.usable || booted != step.boots || !strings.Contains(v.Reason, step.reason) {
			t.Errorf("%s: usable %v after %d boots because %q; want %v after %d because …%q…", step.name, v.Usable, booted, v.Reason, step.usable, step.boots, step.reason)
		}
	}
}

func TestInterruptedTrialGivesNoVerdict(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "kvm.json")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := find(ctx, file, os.DevNull, "7.2", func(context.Context) error { cancel(); return errors.New("killed") })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a verdict was kept")
	}
}

func TestKVMIsKnownWhereAnEarlierRunUsedIt(t *testing.T) {
	dir := t.TempDir()
	if kvm, err := Known(dir, "7"); kvm || err != nil {
		t.Errorf("an empty cache expects KVM: %v, %v", kvm, err)
	}
	_, err := find(t.Context(), filepath.Join(dir, "kvm.json"), "/dev/null", "7", func(context.Context) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for qemu, want := range map[string]bool{"7": true, "8": false} {
		if kvm, err := Known(dir, qemu); kvm != want || err != nil {
			t.Errorf("with QEMU %s: %v, %v", qemu, kvm, err)
		}
	}
}
