package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"kmatrix/matrix/atomicfile"
	"kmatrix/matrix/printable"
)

// stdoutIfDash returns "", which is the standard output, for "-".
func stdoutIfDash(file string) string {
	if file == "-" {
		return ""
	}
	return file
}

// writeTo has write print to the standard output, or to the file where one is named,
// which then is whole or as it was.
func writeTo(cmd *cobra.Command, file string, write func(io.Writer) error) error {
	if file = stdoutIfDash(file); file == "" {
		return write(cmd.OutOrStdout())
	}
	if err := canWrite(file); err != nil {
		return wrong("-o %s: %w", file, err)
	}
	var b bytes.Buffer
	clean := printable.NewWriter(&b)
	if err := errors.Join(write(clean), clean.Flush()); err != nil {
		return err
	}
	return writeFile(file, b.Bytes())
}

// writeFile has a file hold a text, whole or not at all; one that is a device or a pipe
// takes it as it comes. The file that a link names is written, and the link stays.
func writeFile(file string, text []byte) error {
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(file, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.Write(text)
		return errors.Join(err, f.Close())
	}
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	}
	return atomicfile.Write(file, text)
}

// canWrite says why a file could not be written, before anything is done. It changes
// nothing, and "" is the standard output.
func canWrite(file string) error {
	if file == "" {
		return nil
	}
	dir := filepath.Dir(file)
	info, err := os.Stat(file)
	switch {
	case err == nil && info.IsDir():
		return errors.New("is a directory: name a file in it")
	case err == nil:
		if err := unix.Access(file, unix.W_OK); err != nil {
			return &fs.PathError{Op: "write", Path: file, Err: err}
		}
		if !info.Mode().IsRegular() {
			return nil
		}
		// It is written beside itself and renamed.
		if target, err := filepath.EvalSymlinks(file); err == nil {
			dir = filepath.Dir(target)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err // a part of the path is no directory, or may not be searched
	}
	info, err = os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no directory %s: make it first", dir)
	case err != nil:
		return err
	case !info.IsDir():
		return &fs.PathError{Op: "write into", Path: dir, Err: syscall.ENOTDIR}
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return &fs.PathError{Op: "write into", Path: dir, Err: err}
	}
	return nil
}
