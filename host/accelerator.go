package host

import (
	"context"
	"fmt"

	"kmatrix/host/capacity"
	"kmatrix/host/kvm"
	"kmatrix/host/vm"
	"kmatrix/matrix"
)

// kvmHint adds to what QEMU ended with what would help on a machine that is to have
// KVM and nothing else: it need not be there.
func kvmHint(m matrix.Machine, err error) error {
	if m.Accel != matrix.AccelKVM {
		return err
	}
	return fmt.Errorf("the machine %s asks for accel: kvm, which need not work on this host (accel: auto finds out): %w", m.Name, err)
}

// accelerated returns the machine with the accelerator that "auto" stands for.
// Whether KVM is usable is found out once, with the first image that is there.
func (r *Runner) resolveAccel(ctx context.Context, m matrix.Machine, b batch, img Bootable) (matrix.Machine, error) {
	if m.Accel != matrix.AccelAuto {
		return m, nil
	}
	r.kvm.mu.Lock()
	defer r.kvm.mu.Unlock()
	if was := r.cfg.Store.Header().Host; r.kvm.known == nil && (was.Accel == matrix.AccelKVM || was.Accel == matrix.AccelTCG) {
		// The run was resumed: its results are of one accelerator.
		r.kvm.known = &kvm.Verdict{Usable: was.Accel == matrix.AccelKVM, Reason: was.AccelReason}
	}
	if r.kvm.known == nil {
		// What it waits for memory is not to count against KVM.
		p, err := r.reserve(ctx, m)
		if err != nil {
			return m, err
		}
		defer p.Release()
		v, err := kvm.Find(ctx, r.cfg.CacheDir, r.cfg.Version, func(ctx context.Context) error {
			trial := m
			trial.Accel = matrix.AccelKVM
			g, err := r.boot(ctx, launch{batch: b, image: img, machine: trial, memory: p})
			if err != nil {
				return err
			}
			_, err = g.Ready(ctx)
			return trialError(err, g.End(lastWordsFirst))
		})
		if err != nil {
			return m, err
		}
		r.notify(Event{Stage: StageNotice, Text: v.String()})
		if err := r.cfg.Store.Update(func(run *matrix.Run) { run.Host.Accel, run.Host.AccelReason = v.Accel(), v.Reason }); err != nil {
			return m, fmt.Errorf("store the accelerator: %w", err)
		}
		r.kvm.known = &v
	}
	m.Accel = r.kvm.known.Accel()
	return m, nil
}

// Accelerated returns the machine for a guest outside of a run, with the accelerator
// that "auto" stands for, and the verdict where it was asked for. The trial boots the
// kernel as [GuestConfig] has it.
func Accelerated(ctx context.Context, cacheDir, version, qemu string, k matrix.Kernel, m matrix.Machine, img Bootable) (matrix.Machine, *kvm.Verdict, error) {
	if m.Accel != matrix.AccelAuto {
		return m, nil, nil
	}
	v, err := kvm.Find(ctx, cacheDir, version, func(ctx context.Context) error {
		m.Accel = matrix.AccelKVM
		guest, err := vm.Start(ctx, GuestConfig(qemu, k, m, img), nil)
		if err != nil {
			return err
		}
		_, err = guest.Ready(ctx)
		return trialError(err, guest.Stop(0))
	})
	m.Accel = v.Accel()
	return m, &v, err
}

// trialError returns what the trial of an accelerator came to: the error of waiting for the
// guest, and how the guest ended.
func trialError(err error, exit vm.Exit) error {
	switch death := fatalTitle(exit.Console); {
	case err == nil:
		return nil
	case death != "":
		return &kvm.DiedError{Death: death}
	case exit.Err != nil:
		return exit.Err
	}
	return err
}

// reserve waits for memory for a guest.
func (r *Runner) reserve(ctx context.Context, m matrix.Machine) (*capacity.Reservation, error) {
	return r.memory.Acquire(ctx, m, func(text string) { r.notifyOnce("waits for memory", text) })
}
