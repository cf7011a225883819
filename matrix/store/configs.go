package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"kmatrix/matrix"
	"kmatrix/matrix/atomicfile"
)

// dirConfigs holds the kernels' configurations, as their builds wrote them: what makes
// costs comparable is in them.
const dirConfigs = "configs"

// ConfigName returns the file of a kernel's configuration, in the run's directory.
func ConfigName(kernel string) (string, error) {
	if !safeName.MatchString(kernel) {
		return "", fmt.Errorf("%q makes no file name", kernel)
	}
	return filepath.Join(dirConfigs, kernel+".config"), nil
}

// writeConfigs writes those configurations that are not on the disk yet.
func (r *Run) writeConfigs() error {
	for _, k := range r.header.Kernels {
		if k.Config == "" || r.configs[k.Name] == k.ConfigDigest {
			continue
		}
		name, err := ConfigName(k.Name)
		if err == nil {
			err = os.MkdirAll(filepath.Join(r.dir, dirConfigs), 0o755)
		}
		if err == nil {
			err = atomicfile.Write(filepath.Join(r.dir, name), []byte(k.Config))
		}
		if err != nil {
			return fmt.Errorf("keep the configuration of %s: %w", k.Name, err)
		}
		r.configs[k.Name] = k.ConfigDigest
	}
	return nil
}

// readConfigs adds to a run the configurations that its kernels were built with. Runs
// of before they were kept have none. One that is not the kernel's own is passed over
// with a warning.
func readConfigs(dir string, run *matrix.Run) (warnings []string, err error) {
	for i := range run.Kernels {
		k := &run.Kernels[i]
		name, err := ConfigName(k.Name)
		if err != nil || k.ConfigDigest == "" {
			continue // a name that is none has no file
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, fmt.Errorf("read a run: %w", err)
		case fmt.Sprintf("%x", sha256.Sum256(text)) != k.ConfigDigest:
			warnings = append(warnings, fmt.Sprintf("%s is not the configuration that %s was run with: it is passed over", filepath.Join(dir, name), k.Name))
		default:
			k.Config = string(text)
		}
	}
	return warnings, nil
}
