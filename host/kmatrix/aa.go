package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"kmatrix/host"
	"kmatrix/matrix"
	"kmatrix/matrix/atomicfile"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/spec"
)

// secondColumn ends the name of an A/A run's second column.
const secondColumn = "-again"

// twice makes the plan one of an A/A run: one kernel as two columns.
func (o *runOptions) twice(plan *spec.Plan) error {
	if !o.aa {
		return nil
	}
	if len(plan.Kernels) != 1 {
		return wrong("--aa runs one kernel as two columns: choose it with -k, as in -k %s", plan.Baseline)
	}
	plan.Again(plan.Kernels[0].Name + secondColumn)
	return nil
}

// twoColumns hands the image of one kernel to both.
type twoColumns struct {
	host.Images
	kernel matrix.Kernel
	once   sync.Once
	image  host.Bootable
	err    error
}

// Image gets the kernel once.
func (t *twoColumns) Image(ctx context.Context, k matrix.Kernel) (host.Bootable, error) {
	t.once.Do(func() { t.image, t.err = t.Images.Image(ctx, t.kernel) })
	b := t.image
	b.Kernel = k.Name
	return b, t.err
}

// mostCalibrations is how many A/A runs are kept for a setting; the oldest go.
const mostCalibrations = 50

// calibrationFile is where the A/A runs of a setting are kept.
func calibrationFile(cache string, h matrix.Host, m matrix.Machine) string {
	return filepath.Join(cache, "aa", fmt.Sprintf("%x.json", sha256.Sum256([]byte(h.Setting(m))))[:24]+".json")
}

// calibrations reads the A/A runs that were made on this host as these machines
// are. A file that cannot be read is none: it can be deleted at any time.
func calibrations(cache string, h matrix.Host, machines []matrix.Machine) []matrix.Calibration {
	var list []matrix.Calibration
	for _, m := range machines {
		var kept []matrix.Calibration
		text, err := os.ReadFile(calibrationFile(cache, h, m))
		if err == nil && json.Unmarshal(text, &kept) == nil {
			list = append(list, kept...)
		}
	}
	return list
}

// keepCalibrations adds those of an A/A run to what is kept.
func keepCalibrations(cache string, h matrix.Host, fresh []matrix.Calibration) error {
	for _, c := range fresh {
		kept := append(calibrations(cache, h, []matrix.Machine{c.Machine}), c)
		kept = kept[max(0, len(kept)-mostCalibrations):]
		text, err := json.Marshal(kept)
		if err != nil {
			return fmt.Errorf("encode what the A/A run showed: %w", err)
		}
		file := calibrationFile(cache, h, c.Machine)
		err = os.MkdirAll(filepath.Dir(file), 0o755)
		if err == nil {
			err = atomicfile.Write(file, text)
		}
		if err != nil {
			return fmt.Errorf("keep what the A/A run showed: %w", err)
		}
	}
	return nil
}

// calibrate makes what an A/A run showed, keeps it for later tables, and has it
// stand in the run itself.
func calibrate(cache string, run *matrix.Run, c compare.Comparison) error {
	if !run.AA || run.Interrupted || slices.ContainsFunc(run.Kernels, func(k matrix.Column) bool { return k.Outcome != "" }) {
		return nil
	}
	var fresh []matrix.Calibration
	for _, m := range run.Machines {
		fresh = append(fresh, c.Calibrate(*run, m))
	}
	run.Calibrations = append(run.Calibrations, fresh...)
	return keepCalibrations(cache, run.Host, fresh)
}
