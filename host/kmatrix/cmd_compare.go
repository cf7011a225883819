package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/report"
	"kmatrix/matrix/store"
)

// compareOptions are the flags of `kmatrix compare`.
type compareOptions struct {
	dir, baseline string
	failOn        []string
	format        formatOptions
}

func newCompareCommand() *cobra.Command {
	var o compareOptions
	cmd := &cobra.Command{
		Use:   "compare RUN [RUN…]",
		Short: "Put stored runs side by side",
		Long: `Put the columns of stored runs, also of different hosts, into one table with the
verdicts that they allow. RUN is the directory of a run, or its name under --dir. A
kernel that several runs have becomes NAME@1, NAME@2, … in the runs' order.

Costs are compared between kernels of one compiler whose configurations set the
options that both know alike, on machines that are alike, by the same clock; times, as
against counted instructions, on the same host alone. What is not compared is named
with the reason.

` + exitCodes,
		Example: `  kmatrix compare runs/20261123-221501-A1B2 runs/20261124-080000-C3D4
  kmatrix compare RUN --baseline 6.12-built
  kmatrix compare RUN RUN --summary
  kmatrix compare RUN RUN --fail-on worse,differs
  kmatrix compare RUN RUN --format table --format json=both.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return wrong("compare needs a run: kmatrix compare RUN [RUN…]")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return compareRuns(cmd, o, args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.dir, "dir", "runs", "the directory that keeps runs")
	f.StringVar(&o.baseline, "baseline", "", "the column that the others are compared with: `NAME`, or NAME@N of the run N (default: the first run's)")
	o.format.add(f)
	f.StringSliceVar(&o.failOn, "fail-on", nil, "exit with 1 on any of: "+findingNames())
	return cmd
}

func compareRuns(cmd *cobra.Command, o compareOptions, args []string) error {
	if err := checkFailOn(o.failOn); err != nil {
		return err
	}
	to, err := o.format.destinations()
	if err != nil {
		return err
	}
	var runs []compare.Stored
	var assessments []matrix.Assessment
	for _, arg := range args {
		path, err := findRun(o.dir, []string{arg})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(runs, func(s compare.Stored) bool { return s.Dir == path }) {
			return wrong("%s is named twice: a run beside itself shares its boots, and shows nothing", path)
		}
		stored, err := store.Open(path)
		if err != nil {
			return wrongUse{err}
		}
		if err := warn(cmd, stored.Warnings); err != nil {
			return err
		}
		assessments = append(assessments, stored.Assessments...)
		runs = append(runs, compare.Stored{Dir: path, Run: stored.Run, Results: stored.Results, Profiles: stored.Profiles})
	}
	m, err := compare.Merge(runs, o.baseline)
	var unknown *compare.BaselineError
	if errors.As(err, &unknown) || errors.Is(err, compare.ErrNothingCommon) {
		return wrongUse{err}
	}
	if err != nil {
		return err
	}
	for _, w := range m.Warnings {
		if err := warn(cmd, []string{report.Warning(w)}); err != nil {
			return err
		}
	}
	doc := report.Document{Run: m.Run, Results: m.Results, Profiles: m.Profiles, Assessments: assessments, Comparison: m.Comparison, Runs: runs, Warnings: m.Warnings, Dir: runs[0].Dir}
	if err := o.format.write(cmd, doc, to); err != nil {
		return err
	}
	if found := findings(o.failOn, m.Comparison, m.Run, m.Results); len(found) > 0 {
		return finding{"--fail-on: " + strings.Join(found, ", ")}
	}
	return nil
}

// warn prints warnings to the standard error.
func warn(cmd *cobra.Command, warnings []string) error {
	for _, w := range warnings {
		if _, err := fmt.Fprintf(cmd.ErrOrStderr(), "kmatrix: %s\n", w); err != nil {
			return err
		}
	}
	return nil
}
