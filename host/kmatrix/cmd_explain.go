package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"kmatrix/host/explain"
	"kmatrix/matrix/store"
)

func newExplainCommand() *cobra.Command {
	var (
		dir, output string
		asJSON      bool
	)
	cmd := &cobra.Command{
		Use:   "explain [RUN] CELL",
		Short: "All that a stored run knows of one cell",
		Long: `Say all that a stored run knows of a cell: what became of it and why, what was seen
with its calls, what was measured and, where a profile was taken, which functions of the
kernel that is spent in, what an external probe printed, what the kernel reported of its
own trouble with the console around it, what the baseline answered, where the guest's
console is, what it says around a crash or a hang, how the guest and its QEMU ended, what
evidence was taken of a guest that hung, and the commands that run the cell again and boot
its guest by hand. CELL is KERNEL/MACHINE/PROBE, or KERNEL and PROBE as two arguments; RUN
is the directory of a run or its name under --dir, and the newest run without it.

` + exitCodes,
		Example: `  kmatrix explain 6.1/default/stability/splice/punch/xfs/readahead
  kmatrix explain 6.1 external/splice-selftests
  kmatrix explain 20261123-221501-A1B2 6.1 cost/splice-file-pipe/64k --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 3 {
				return wrong("explain takes a cell, KERNEL/MACHINE/PROBE or KERNEL PROBE, and a run before it, and got %d arguments", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			run, cell := splitRun(dir, args)
			path, err := findRun(dir, run)
			if err != nil {
				return err
			}
			stored, err := store.Open(path)
			if err != nil {
				return wrongUse{err}
			}
			list, err := explain.Find(stored, path, cell)
			if mistake := (*explain.Error)(nil); errors.As(err, &mistake) {
				err = wrongUse{err}
			}
			if err != nil {
				return err
			}
			return writeTo(cmd, output, func(w io.Writer) error {
				if asJSON {
					e := json.NewEncoder(w)
					e.SetEscapeHTML(false)
					e.SetIndent("", "  ")
					return e.Encode(map[string]any{"version": 1, "cells": list})
				}
				return explain.Write(w, list)
			})
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "runs", "the directory that keeps runs")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE` instead of the standard output")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// splitRun tells the run from the cell: three arguments begin with one, and of
// two the first is one when there is such a run.
func splitRun(dir string, args []string) (run, cell []string) {
	isRun := len(args) == 3
	if len(args) == 2 {
		path, err := findRun(dir, args[:1])
		_, missing := os.Stat(filepath.Join(path, "run.json"))
		isRun = err == nil && missing == nil
	}
	if isRun {
		return args[:1], args[1:]
	}
	return nil, args
}
