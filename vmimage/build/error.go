package build

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"kmatrix/matrix/proc"
	"kmatrix/vmimage/buildlog"
)

// Error tells that a build failed.
type Error struct {
	// Step is what make was asked for.
	Step string
	// Reason is why, as far as the log says it.
	Reason buildlog.Reason
	// Host tells that this machine is to blame and not the kernel: it had no room
	// or no memory, or lacks a program or a header that the build needs.
	Host bool
	// Log is the path of all that make printed.
	Log string
	Err error
}

// newError says why make failed, which printed text.
func newError(ctx context.Context, step, text, log string, err error) *Error {
	e := &Error{Step: step, Reason: buildlog.Find(text), Log: log, Err: err}
	e.Host = e.Reason.Lack != buildlog.Nothing || lacksProgram(e.Reason.Program) || lacksHeader(ctx, e.Reason.Header)
	return e
}

// Error names step, reason and log.
func (e *Error) Error() string {
	text := e.Reason.String()
	if text == "" {
		text = e.Err.Error()
	}
	return "make " + e.Step + ": " + text + " (the log is " + e.Log + ")"
}

// Unwrap returns how make ended.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether the error is that of a full disk, [syscall.ENOSPC].
func (e *Error) Is(target error) bool {
	return target == syscall.ENOSPC && e.Reason.Lack == buildlog.Space
}

// lacksProgram reports whether a program is not in PATH.
func lacksProgram(name string) bool {
	if name == "" {
		return false
	}
	_, err := exec.LookPath(name)
	return errors.Is(err, exec.ErrNotFound)
}

// lacksHeader reports whether a header is in none of the directories that gcc
// looks in, nor among those for its plugins.
func lacksHeader(ctx context.Context, name string) bool {
	if name == "" {
		return false
	}
	dirs := []string{"/usr/include", "/usr/local/include"}
	for flag, below := range map[string]string{"-print-multiarch": "", "-print-file-name=plugin": "include"} {
		out, err := proc.Run(ctx, proc.Cmd{Path: "gcc", Args: []string{flag}})
		if err != nil {
			return false // it cannot be told
		}
		dir := strings.TrimSpace(string(out))
		if !filepath.IsAbs(dir) {
			dir = filepath.Join("/usr/include", dir)
		}
		dirs = append(dirs, filepath.Join(dir, below))
	}
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			return false
		}
	}
	return true
}
