package host

import (
	"fmt"

	"kmatrix/matrix"
)

// storedColumn returns what the stored run says of a kernel: of a run that is resumed,
// what it was before.
func (r *Runner) storedColumn(kernel string) matrix.Column {
	for _, c := range r.cfg.Store.Header().Kernels {
		if c.Name == kernel {
			return c
		}
	}
	return matrix.Column{}
}

// same refuses an image that is not the one which the kernel's other results are
// of.
func (r *Runner) same(kernel string, img Bootable) error {
	was := r.storedColumn(kernel)
	if was.Digest == "" || was.Digest == img.Digest {
		return nil
	}
	return fmt.Errorf("the run was begun with %s (%.19s…), and now it is %s (%.19s…): begin another run", was.Version, was.Digest, img.Version, img.Digest)
}

// withoutRest gives what is left of a kernel that has been there before its
// outcome: that its image is gone, or is another, says nothing of the kernel.
func (r *Runner) withoutRest(left []batch, why error) error {
	for _, b := range left {
		for _, p := range b.probes {
			cell := matrix.Cell{Kernel: b.kernel, Machine: b.machine, Probe: p}
			if err := r.keep(cell, matrix.Result{Boot: b.boot, Attempt: matrix.Attempt{Outcome: matrix.Infra, Detail: why.Error()}}); err != nil {
				return err
			}
		}
	}
	return nil
}
