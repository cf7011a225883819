package store

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/atomicfile"
)

var safeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*$`)

// ConsoleName returns the file of one guest's console, in the run's directory: of a
// kernel on a machine, the boot counted from 1, and the session within it from 1.
func ConsoleName(kernel, machine string, boot, session int) (string, error) {
	name, err := guestName(kernel, machine, boot, session)
	if err != nil {
		return "", err
	}
	return filepath.Join(dirConsoles, name+".log"), nil
}

// OutputName returns the file with what an external probe printed, in the run's
// directory. It is made of the cell, the boot and the session alone: a cell that is
// tried twice has two.
func OutputName(c matrix.Cell, boot, session int) (string, error) {
	for _, part := range strings.Split(c.ID(), "/") {
		if !safeName.MatchString(part) {
			return "", fmt.Errorf("%q makes no file name", c.ID())
		}
	}
	return filepath.Join(dirOutputs, c.Kernel, c.Machine, fmt.Sprintf("%s-%s.txt", c.Probe, sessionName(boot, session))), nil
}

// Output keeps what an external probe printed, and returns the file's name in
// the run's directory. The text must be clean.
func (r *Run) Output(c matrix.Cell, boot, session int, text string) (string, error) {
	name, err := OutputName(c, boot, session)
	if err != nil {
		return "", fmt.Errorf("keep an output: %w", err)
	}
	file := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", fmt.Errorf("keep an output: %w", err)
	}
	// On the disk before the result that names it is.
	if err := atomicfile.Write(file, []byte(text)); err != nil {
		return "", fmt.Errorf("keep an output: %w", err)
	}
	return name, nil
}
