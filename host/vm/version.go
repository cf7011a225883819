package vm

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"

	"kmatrix/matrix/proc"
)

var versionLine = regexp.MustCompile(`version (\d+(?:\.\d+)+)`)

// Version returns the version of a QEMU program, for example "7.2.22".
func Version(ctx context.Context, qemu string) (string, error) {
	out, err := proc.Run(ctx, proc.Cmd{Path: qemu, Args: []string{"-version"}})
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("there is no %s in PATH: make setup installs it (on Debian the package qemu-system-x86)", qemu)
	}
	if err != nil {
		return "", fmt.Errorf("ask QEMU for its version: %w", err)
	}
	m := versionLine.FindSubmatch(out)
	if m == nil {
		return "", fmt.Errorf("ask QEMU for its version: %s -version prints %.60q", qemu, out)
	}
	return string(m[1]), nil
}
