package host

import (
	"slices"

	"kmatrix/host/oops"
	"kmatrix/matrix"
)

// maxReports is how many different reports one result has.
const maxReports = 16

// consoleReports parses the reports that a guest prints to its console, each line once,
// so that a report belongs to the probe that ran when it was printed.
type consoleReports struct {
	r      *Runner
	kernel matrix.Kernel
	// symbols is a vmlinux with debug information, "" for none.
	symbols string
	// consumed counts the bytes of the console that were parsed.
	consumed int64
}

// read parses the new part of a console: last is its tail, and printed the number of
// bytes of all of it. A report that is not complete yet is parsed as far as it goes, and
// its rest is dropped.
func (c *consoleReports) read(last string, printed int64) []matrix.CrashReport {
	fresh := min(printed-c.consumed, int64(len(last)))
	c.consumed = printed
	if fresh <= 0 {
		return nil
	}
	return oops.Parse(last[int64(len(last))-fresh:])
}

// keep stores the texts of the reports in the run's directory and returns the reports to
// attach: without those that the kernel's ignore: names, and with those marked that its
// known: names.
func (c *consoleReports) keep(reports []matrix.CrashReport) ([]matrix.CrashReport, error) {
	var list []matrix.CrashReport
	for _, r := range reports {
		if matches(c.kernel.Ignore, r.Title) || len(list) == maxReports {
			continue
		}
		if c.symbols != "" {
			oops.Locate(&r, c.symbols)
		}
		r.Known = matches(c.kernel.Known, r.Title)
		var err error
		if r.File, err = c.r.cfg.Store.CrashReport(c.kernel.Name, r); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

func matches(patterns []string, title string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matrix.MatchTitle(p, title) })
}

// attachToColumn stores in the kernel's column reports that came while no probe ran.
func (c *consoleReports) attachToColumn(reports []matrix.CrashReport) error {
	kept, err := c.keep(reports)
	if err != nil || len(kept) == 0 {
		return err
	}
	return c.r.column(c.kernel.Name, func(col *matrix.Column) {
		col.CrashReports = matrix.MergeCrashReports(col.CrashReports, kept, maxReports)
	})
}

// fatalTitle returns the title of the fatal report on a console, "" for none.
func fatalTitle(console string) string {
	r, _ := oops.Fatal(oops.Parse(console))
	return r.Title
}
