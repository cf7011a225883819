package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"kmatrix/host/images"
	"kmatrix/matrix"
	"kmatrix/matrix/spec"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/lock"
	"kmatrix/vmimage/source"
)

// imageOptions are the flags of commands that boot kernels.
type imageOptions struct {
	locked, offline bool
	// initramfs is the base archive; empty means the one beside the program.
	initramfs string
	// log takes lines for the user, progress what is being fetched.
	log      func(string)
	progress func(kernel, what string)
}

// notices prints lines for the user, where a command has no progress to show.
func notices(cmd *cobra.Command) func(string) {
	return func(line string) { _, _ = fmt.Fprintln(cmd.ErrOrStderr(), line) } // nobody to tell
}

// newImages opens the user's cache, and the lock beside the matrix's file.
func newImages(o imageOptions, s *spec.Spec, probes []matrix.Probe) (*images.Images, error) {
	dir, err := cacheDir()
	if err != nil {
		return nil, err
	}
	if o.initramfs == "" {
		if o.initramfs, err = besideExecutable("initramfs.cpio"); err != nil {
			return nil, err
		}
	}
	l, err := lock.Open(filepath.Join(filepath.Dir(s.Path), "kernels.lock"))
	if err != nil {
		return nil, wrongUse{err}
	}
	l.Log = o.log
	return images.New(images.Options{
		CacheDir: dir, Initramfs: o.initramfs, Lock: l, Locked: o.locked, Offline: o.offline, Log: o.log, Progress: o.progress,
	}, s, probes)
}

// known is what a kernels.yaml may name.
func known() spec.Known {
	return spec.Known{Probes: allProbes(), Sources: source.Kinds(), Build: build.Default}
}
