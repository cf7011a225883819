package main

import (
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
		dir string
		o   formatOptions
	)
	cmd := &cobra.Command{
		Use:   "report [RUN]",
		Short: "Print the table of a stored run",
		Long: `Print a stored run, the newest of --dir without an argument, in one format or in
several. RUN is the directory of a run, or its name under --dir. The table begins with
what the run comes to, in at most 25 lines; --summary stops there.

` + exitCodes,
		Example: `  kmatrix report
  kmatrix report --summary
  kmatrix report runs/20261123-221501-A1B2 --format json -o run.json
  kmatrix report --format table --format json=run.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return wrong("report takes one run, and got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := o.destinations()
			if err != nil {
				return err
			}
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
			c := compare.Compare(stored.Run, stored.Results)
			c.Locate(stored.Profiles)
			return o.write(cmd, report.Document{Run: stored.Run, Results: stored.Results, Profiles: stored.Profiles, Assessments: stored.Assessments, Comparison: c, Dir: path}, to)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "runs", "the directory that keeps runs")
	o.add(cmd.Flags())
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
