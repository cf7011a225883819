// Package kvm finds out whether KVM is usable on this host, and remembers it until the
// host boots anew.
package kvm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kmatrix/matrix"
	"kmatrix/matrix/atomicfile"
)

// device is KVM's, and file the name of the verdict in the cache directory.
const (
	device = "/dev/kvm"
	file   = "kvm.json"
)

// deadline is how long a guest may take from QEMU's start to agent-ready
// under KVM. With working hardware virtualisation it takes about a second.
const deadline = 8 * time.Second

// Verdict says whether KVM is usable on this host. That /dev/kvm exists and
// opens proves nothing, nor does output of the firmware: there are hosts where
// both work and no kernel boots. Only a boot is proof.
type Verdict struct {
	Usable bool   `json:"usable"`
	Reason string `json:"reason"`
	// BootID and QEMU are what the verdict holds for.
	BootID string `json:"boot_id"`
	QEMU   string `json:"qemu"`
}

// DiedError tells that a trial's kernel ran and died, which says nothing of KVM.
type DiedError struct{ Death string }

// Error returns what it died of.
func (e *DiedError) Error() string { return e.Death }

// Find returns whether KVM is usable with that version of QEMU, from the cache
// directory when it was found out since the host booted, else by calling boot, which
// boots a guest with KVM up to agent-ready. The error is ctx's, or one of keeping the
// verdict.
func Find(ctx context.Context, cacheDir, qemu string, boot func(context.Context) error) (Verdict, error) {
	return find(ctx, filepath.Join(cacheDir, file), device, qemu, boot)
}

func find(ctx context.Context, file, device, qemu string, boot func(context.Context) error) (Verdict, error) {
	dev, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		reason := err.Error()
		if errors.Is(err, fs.ErrNotExist) {
			reason = "there is no " + device
		}
		return Verdict{Reason: reason}, nil
	}
	if err := dev.Close(); err != nil {
		return Verdict{}, fmt.Errorf("close %s: %w", device, err)
	}
	id, err := hostBoot()
	if err != nil {
		return Verdict{}, err
	}
	now := Verdict{BootID: id, QEMU: qemu}
	if known, ok := kept(file, id, qemu); ok {
		return known, nil
	}
	limited, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	err = boot(limited)
	var died *DiedError
	switch {
	case ctx.Err() != nil:
		return Verdict{}, ctx.Err()
	case errors.As(err, &died):
		// Not kept: another kernel may give a verdict.
		now.Reason = fmt.Sprintf("the kernel that it was tried with died: %v", err)
		return now, nil
	case err == nil:
		now.Usable, now.Reason = true, "a guest booted with it"
	case limited.Err() != nil:
		now.Reason = fmt.Sprintf("%s opens, but no guest boots with it in %s", device, deadline)
	default:
		now.Reason = fmt.Sprintf("%s opens, but no guest boots with it: %v", device, err)
	}
	text, err := json.Marshal(now)
	if err != nil {
		return Verdict{}, fmt.Errorf("encode the verdict on KVM: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return Verdict{}, fmt.Errorf("keep the verdict on KVM: %w", err)
	}
	if err := atomicfile.Write(file, text); err != nil {
		return Verdict{}, fmt.Errorf("keep the verdict on KVM: %w", err)
	}
	return now, nil
}

// Accel returns the accelerator that the verdict leaves.
func (v Verdict) Accel() matrix.Accel {
	if v.Usable {
		return matrix.AccelKVM
	}
	return matrix.AccelTCG
}

// String says which accelerator is used, and why.
func (v Verdict) String() string {
	if v.Usable {
		return "accelerator: KVM (" + v.Reason + ")"
	}
	return "accelerator: TCG, emulation, since KVM is not usable: " + v.Reason
}

// Known reports whether a guest is known to have booted with KVM since this host
// booted, as the cache directory has it.
func Known(cacheDir, qemu string) (bool, error) {
	id, err := hostBoot()
	if err != nil {
		return false, err
	}
	known, ok := kept(filepath.Join(cacheDir, file), id, qemu)
	return ok && known.Usable, nil
}

// hostBoot names the time since the host was booted.
func hostBoot() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read the host's boot id: %w", err)
	}
	return strings.TrimSpace(string(id)), nil
}

// kept reads a verdict that holds for that boot of the host and that QEMU.
// One that cannot be read is none.
func kept(file, id, qemu string) (Verdict, bool) {
	var known Verdict
	text, err := os.ReadFile(file)
	ok := err == nil && json.Unmarshal(text, &known) == nil && known.BootID == id && known.QEMU == qemu
	return known, ok
}
