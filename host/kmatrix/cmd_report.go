package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"kmatrix/matrix/compare"
	"kmatrix/matrix/report"
	"kmatrix/matrix/store"
)

func newReportCommand() *cobra.Command {
	var (
		dir, format, output string
		all, asJSON         bool
	)
	cmd := &cobra.Command{
		Use:   "report [RUN]",
		Short: "Print the table of a stored run",
		Long: `Print a stored run, the newest of --dir without an argument. RUN is the
directory of a run, or its name under --dir.

` + exitCodes,
		Example: `  kmatrix report
  kmatrix report runs/20261123-221501-a1b2 --format json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return wrong("report takes one run, and got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := findRun(dir, args)
			if err != nil {
				return err
			}
			stored, err := store.Open(path)
			if err != nil {
				return wrongUse{err}
			}
			if err := warn(cmd, stored.Warnings); err != nil {
				return err
			}
			if asJSON {
				format = "json"
			}
			c := compare.Compare(stored.Run, stored.Results)
			c.Locate(stored.Profiles)
			return writeReport(cmd, report.Document{Run: stored.Run, Results: stored.Results, Profiles: stored.Profiles, Comparison: c, Dir: path}, format, output, all)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "runs", "the directory that keeps runs")
	cmd.Flags().StringVar(&format, "format", "table", "one of: "+strings.Join(report.Names(), ", "))
	cmd.Flags().BoolVar(&asJSON, "json", false, "the same as --format json")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE` instead of the standard output")
	cmd.Flags().BoolVar(&all, "all", false, "list rows that are the same on all kernels, too")
	return cmd
}

// findRun returns the directory of the run that args name, or of the newest.
func findRun(dir string, args []string) (string, error) {
	if len(args) == 0 {
		ids, err := store.List(dir)
		if err != nil {
			return "", wrongUse{err}
		}
		if len(ids) == 0 {
			return "", wrong("there is no run in %s: kmatrix run makes one", dir)
		}
		return filepath.Join(dir, ids[len(ids)-1]), nil
	}
	if _, err := os.Stat(args[0]); err != nil && !strings.ContainsRune(args[0], filepath.Separator) {
		return filepath.Join(dir, args[0]), nil
	}
	return args[0], nil
}

// formatName is the format that run's --json chooses.
func formatName(asJSON bool) string {
	if asJSON {
		return "json"
	}
	return "table"
}

// writeReport writes a document in the named format, to the file where one is named.
func writeReport(cmd *cobra.Command, doc report.Document, name, output string, all bool) error {
	format, ok := report.Lookup(name)
	if !ok {
		return wrong("--format %s: allowed are %s", name, strings.Join(report.Names(), ", "))
	}
	return writeTo(cmd, output, func(w io.Writer) error {
		w = rawStream(w)
		width, colour := terminal(w)
		doc.Options = report.Options{Width: width, Colour: colour, All: all}
		return format.Write(w, doc)
	})
}
