package experiment

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
)

// SecondColumn ends the name of an A/A run's second column.
const SecondColumn = "-again"

// OneImage returns images that are all the one of that kernel, which is got once: both
// columns of an A/A run boot it.
func OneImage(images host.Images, k matrix.Kernel) host.Images {
	return &oneImage{images: images, kernel: k}
}

type oneImage struct {
	images host.Images
	kernel matrix.Kernel
	once   sync.Once
	image  host.Bootable
	err    error
}

// Image gets the kernel once, and names it as the column.
func (o *oneImage) Image(ctx context.Context, column matrix.Kernel) (host.Bootable, error) {
	o.once.Do(func() { o.image, o.err = o.images.Image(ctx, o.kernel) })
	b := o.image
	b.Kernel = column.Name
	return b, o.err
}

// mostCalibrations is how many A/A runs are kept for a setting; the oldest go.
const mostCalibrations = 50

// calibrationFile is where the A/A runs of a setting are kept.
func calibrationFile(cache string, h matrix.Host, m matrix.Machine) string {
	return filepath.Join(cache, "aa", fmt.Sprintf("%x.json", sha256.Sum256([]byte(h.Setting(m))))[:24]+".json")
}

// Calibrations reads the A/A runs that were made on this host as these machines
// are. A file that cannot be read is none: it can be deleted at any time.
func Calibrations(cache string, h matrix.Host, machines []matrix.Machine) []matrix.Calibration {
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
		kept := append(Calibrations(cache, h, []matrix.Machine{c.Machine}), c)
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

// Calibrate derives from an A/A run that has ended, of which c is the comparison, how often
// this host finds a difference that is none. It adds that to the run and keeps it in the
// cache directory, for later tables. Of any other run it does nothing.
func Calibrate(cache string, run *matrix.Run, c compare.Comparison) error {
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
