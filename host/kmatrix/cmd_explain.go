package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"kmatrix/guest/probe"
	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/printable"
	"kmatrix/matrix/proc"
	"kmatrix/matrix/report"
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
			list, err := explanations(stored, path, cell)
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
				return writeExplanations(w, list)
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

// explanation is all about one cell in one boot.
type explanation struct {
	matrix.Result
	// Run is the run's directory.
	Run string `json:"run"`
	// Column is the kernel, as far as it was known.
	Column matrix.Column `json:"column"`
	// Console is the file with what the guest printed, "" when there was none.
	Console string `json:"console,omitempty"`
	// Profile is where its cost is spent, nil where that was not asked.
	Profile *matrix.Profile `json:"profile,omitempty"`
	// Costs are what its cost is beside others'.
	Costs []report.CostData `json:"costs,omitempty"`
	// Guests are those that it was asked in, with how they ended.
	Guests []matrix.Guest `json:"guests,omitempty"`
	// Printed is what an external probe printed.
	Printed string `json:"printed,omitempty"`
	// Excerpts are the console's texts around the reports, of each one that has its own.
	Excerpts []excerpt `json:"said,omitempty"`
	// Around is what the console says around the event that ended it, where no
	// report has a text.
	Around string `json:"around,omitempty"`
	// Baseline is what the baseline answered; nil for the baseline's own cells.
	Baseline *matrix.Result `json:"baseline,omitempty"`
	// Repro is the command that boots the guest from a shell.
	Repro string `json:"repro,omitempty"`
	// Again is the command that runs the cell again.
	Again string `json:"again"`
}

// explanations finds the cells that the arguments name: one for each machine
// that they leave open, and for each boot.
func explanations(s *store.Stored, dir string, cell []string) ([]explanation, error) {
	var list []explanation
	compared := compare.Compare(s.Run, s.Results)
	compared.Locate(s.Profiles)
	for _, r := range s.Results {
		if len(cell) == 1 && r.Cell != cell[0] || len(cell) == 2 && (r.Kernel != cell[0] || r.Probe != cell[1]) {
			continue
		}
		e := explanation{Result: r, Run: dir, Again: again(s.Run, r), Guests: guestsOf(s.Guests, r)}
		for _, k := range s.Run.Kernels {
			if k.Name == r.Kernel {
				e.Column = k
			}
		}
		e.located(compared, s.Profiles)
		if err := errors.Join(e.files(dir), e.around(s)); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	if len(list) == 0 && wasAsked(s.Run, cell) {
		return nil, wrong("%s has no outcome in %s yet: kmatrix run --resume %s asks it", strings.Join(cell, " "), dir, dir)
	}
	if len(list) == 0 {
		return nil, wrong("the run %s has no cell %s%s: kmatrix report --all lists them", dir, strings.Join(cell, " "), nearCells(s.Results, cell))
	}
	return list, nil
}

// files adds what lies in the run's directory, under names made of the cell.
func (e *explanation) files(dir string) error {
	if e.Boot > 0 {
		name, err := store.ConsoleName(e.Kernel, e.Machine, e.Boot, e.Session)
		if err != nil {
			return wrongUse{err}
		}
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			e.Console = filepath.Join(dir, name)
		}
	}
	for _, r := range e.CrashReports {
		text, err := readCrashReport(dir, e.Kernel, r)
		if err != nil {
			return err
		}
		if text != "" {
			e.Excerpts = append(e.Excerpts, excerpt{r.Title, text})
		}
	}
	if e.Output == "" {
		return nil
	}
	name, err := store.OutputName(matrix.Cell{Kernel: e.Kernel, Machine: e.Machine, Probe: e.Probe}, e.Boot, e.Session)
	if err != nil {
		return wrongUse{err}
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	e.Output, e.Printed = filepath.Join(dir, name), printable.Text(text)
	return err
}

// again is the command that runs a cell again, to be pasted into a shell.
func again(run matrix.Run, r matrix.Result) string {
	c := proc.Cmd{Path: "kmatrix", Args: []string{"run"}}
	if run.Spec != "kernels.yaml" {
		c.Args = append(c.Args, "-f", run.Spec)
	}
	c.Args = append(c.Args, "-k", r.Kernel, "-p", r.Probe)
	return c.String()
}

// writeExplanations writes them for people.
func writeExplanations(w io.Writer, list []explanation) error {
	var b strings.Builder
	for i, e := range list {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s, boot %d of %s\n", e.Cell, e.Boot, e.Run)
		line := func(name, value string) {
			if value != "" {
				fmt.Fprintf(&b, "  %-17s %s\n", name, printable.Line(value, maxExplained))
			}
		}
		line("outcome", string(e.Outcome))
		if e.Outcome == matrix.Pass {
			line("said", e.Detail)
		} else {
			line("why", e.Detail)
		}
		if p, ok := probe.Lookup(e.Probe); ok {
			line("asks", p.Summary)
		}
		line("kernel", strings.Join(strings.Fields(e.Column.Version+" "+e.Column.Release+" "+e.Column.Digest), " "))
		if o := e.Column.Origin; o != "" {
			line("source", strings.TrimSuffix(o+", "+e.Column.Trust.String(), ", "))
		}
		line("contract", string(e.Column.Contract))
		if e.Seconds > 0 {
			line("took", fmt.Sprintf("%.3g s", e.Seconds))
		}
		for _, part := range []struct {
			name  string
			value any
		}{{"observation", e.Observation}, {"sample", e.Sample}, {"test", e.Test}} {
			for _, f := range fieldsOf(part.value) {
				line(f.name, f.value)
				for _, item := range f.items {
					line("", "  "+item)
				}
			}
		}
		for _, k := range e.Costs {
			line("cost", report.Cost(k.Delta))
		}
		for _, f := range e.whereFields() {
			line(f.name, f.value)
			for _, item := range f.items {
				line("", "  "+item)
			}
		}
		for _, r := range e.CrashReports {
			line("report", r.Title+marks(r))
			for _, f := range r.Frames {
				line("", "  "+f.String())
			}
			if r.File != "" {
				line("", "  "+filepath.Join(e.Run, r.File))
			}
		}
		if o := e.Other; o != nil {
			line("other attempt", strings.TrimSuffix(string(o.Outcome)+": "+o.Detail, ": "))
		}
		line("console", e.Console)
		explainGuests(e, line)
		line("output", e.Output)
		if b := e.Baseline; b != nil {
			said := b.Word()
			if s := b.Sample; s != nil {
				said = fmt.Sprintf("%.3g %s", s.Value, s.Unit)
			}
			line("baseline", strings.TrimSuffix(fmt.Sprintf("%s: %s, %s", b.Kernel, said, b.Detail), ", "))
		}
		line("again", e.Again)
		line("by hand", e.Repro)
		if e.Around != "" {
			b.WriteString("  the console when it happened\n")
			writeExcerpt(&b, e.Around)
		}
		for _, r := range e.Excerpts {
			fmt.Fprintf(&b, "  the console around %s\n", printable.Line(r.Title, maxExplained))
			writeExcerpt(&b, r.Text)
		}
		if e.Printed != "" {
			b.WriteString("  it printed\n")
			writeExcerpt(&b, e.Printed)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// maxExplained is the longest value that is shown.
const maxExplained = 4 << 10
