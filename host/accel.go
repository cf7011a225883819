package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kmatrix/host/capacity"
	"kmatrix/matrix"
)

// kvmDeadline is how long a guest may take from QEMU's start to agent-ready
// under KVM. With working hardware virtualisation it takes about a second.
const kvmDeadline = 8 * time.Second

// verdict says whether KVM is usable on this host. That /dev/kvm exists and
// opens proves nothing, nor does output of the firmware: there are hosts where
// both work and no kernel boots. Only a boot is proof.
type verdict struct {
	Usable bool   `json:"usable"`
	Reason string `json:"reason"`
	// BootID and QEMU are what the verdict holds for.
	BootID string `json:"boot_id"`
	QEMU   string `json:"qemu"`
}

// kernelDied tells that a trial's kernel ran and died, which says nothing of
// KVM.
type kernelDied struct{ death string }

func (e *kernelDied) Error() string { return e.death }

// kvmVerdict returns whether KVM is usable, from the cache file when it was
// found out since the host booted, else by calling boot, which boots a guest
// with KVM up to agent-ready.
func kvmVerdict(ctx context.Context, file, device, qemu string, boot func(context.Context) error) (verdict, error) {
	dev, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		reason := err.Error()
		if errors.Is(err, fs.ErrNotExist) {
			reason = "there is no " + device
		}
		return verdict{Reason: reason}, nil
	}
	if err := dev.Close(); err != nil {
		return verdict{}, fmt.Errorf("close %s: %w", device, err)
	}
	id, err := bootID()
	if err != nil {
		return verdict{}, err
	}
	now := verdict{BootID: id, QEMU: qemu}
	if known, ok := keptVerdict(file, id, qemu); ok {
		return known, nil
	}
	limited, cancel := context.WithTimeout(ctx, kvmDeadline)
	defer cancel()
	err = boot(limited)
	var died *kernelDied
	switch {
	case ctx.Err() != nil:
		return verdict{}, ctx.Err()
	case errors.As(err, &died):
		// Not kept: another kernel may give a verdict.
		now.Reason = fmt.Sprintf("the kernel that it was tried with died: %v", err)
		return now, nil
	case err == nil:
		now.Usable, now.Reason = true, "a guest booted with it"
	case limited.Err() != nil:
		now.Reason = fmt.Sprintf("%s opens, but no guest boots with it in %s", device, kvmDeadline)
	default:
		now.Reason = fmt.Sprintf("%s opens, but no guest boots with it: %v", device, err)
	}
	text, err := json.Marshal(now)
	if err != nil {
		return verdict{}, fmt.Errorf("encode the verdict on KVM: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return verdict{}, fmt.Errorf("keep the verdict on KVM: %w", err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return verdict{}, fmt.Errorf("keep the verdict on KVM: %w", err)
	}
	return now, nil
}

// insisted adds to what QEMU ended with what would help on a machine that is to have
// KVM and nothing else: it need not be there.
func insisted(m matrix.Machine, err error) error {
	if m.Accel != matrix.AccelKVM {
		return err
	}
	return fmt.Errorf("the machine %s asks for accel: kvm, which need not work on this host (accel: auto finds out): %w", m.Name, err)
}

// accel returns the accelerator that the verdict leaves.
func (v verdict) accel() matrix.Accel {
	if v.Usable {
		return matrix.AccelKVM
	}
	return matrix.AccelTCG
}

// accelerated returns the machine with the accelerator that "auto" stands for.
// Whether KVM is usable is found out once, with the first image that is there.
func (r *Runner) accelerated(ctx context.Context, m matrix.Machine, b batch, img Bootable) (matrix.Machine, error) {
	if m.Accel != matrix.AccelAuto {
		return m, nil
	}
	r.kvm.mu.Lock()
	defer r.kvm.mu.Unlock()
	if was := r.Store.Header().Host; r.kvm.known == nil && (was.Accel == matrix.AccelKVM || was.Accel == matrix.AccelTCG) {
		// The run was resumed: its results are of one accelerator.
		r.kvm.known = &verdict{Usable: was.Accel == matrix.AccelKVM, Reason: was.AccelReason}
	}
	if r.kvm.known == nil {
		// What it waits for memory is not to count against KVM.
		p, err := r.reserve(ctx, m)
		if err != nil {
			return m, err
		}
		defer p.Release()
		v, err := kvmVerdict(ctx, filepath.Join(r.CacheDir, "kvm.json"), "/dev/kvm", r.Version, func(ctx context.Context) error {
			trial := m
			trial.Accel = matrix.AccelKVM
			g, err := r.boot(ctx, launch{batch: b, image: img, machine: trial, memory: p})
			if err != nil {
				return err
			}
			_, err = g.Ready(ctx)
			exit := g.End(lastWordsFirst)
			switch death := lastWords(exit.Console); {
			case err == nil:
				return nil
			case death != "":
				return &kernelDied{death}
			case exit.Err != nil:
				return exit.Err
			}
			return err
		})
		if err != nil {
			return m, err
		}
		text := "accelerator: KVM (" + v.Reason + ")"
		if !v.Usable {
			text = "accelerator: TCG, emulation, since KVM is not usable: " + v.Reason
		}
		r.notify(Event{Stage: StageNotice, Text: text})
		if err := r.Store.Update(func(run *matrix.Run) { run.Host.Accel, run.Host.AccelReason = v.accel(), v.Reason }); err != nil {
			return m, fmt.Errorf("store the accelerator: %w", err)
		}
		r.kvm.known = &v
	}
	m.Accel = r.kvm.known.accel()
	return m, nil
}

// reserve waits for memory for a guest.
func (r *Runner) reserve(ctx context.Context, m matrix.Machine) (*capacity.Reservation, error) {
	return r.memory.Acquire(ctx, m, func(text string) { r.once("waits for memory", text) })
}
