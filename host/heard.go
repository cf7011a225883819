package host

import (
	"slices"

	"kmatrix/host/oops"
	"kmatrix/matrix"
)

// maxReports is how many different reports one result has.
const maxReports = 16

// ear hears what a guest's kernel says of its own trouble: each line once, for
// whatever the guest was at when it was printed.
type ear struct {
	r      *Runner
	kernel matrix.Kernel
	// symbols is a vmlinux with debug information, "" for none.
	symbols string
	// heard counts the bytes that were listened to.
	heard int64
}

// listen reads what is new of a console: last is its last part, and printed how many
// bytes there were in all. A report is told of when it is read, so that one that is
// not whole yet is torn, and the rest of it nobody's.
func (e *ear) listen(last string, printed int64) []matrix.Report {
	fresh := min(printed-e.heard, int64(len(last)))
	e.heard = printed
	if fresh <= 0 {
		return nil
	}
	return oops.Parse(last[int64(len(last))-fresh:])
}

// keep stores the reports' texts in the run's directory and returns those to attach:
// without those that the kernel's ignore: names, and with a mark those that known:
// names.
func (e *ear) keep(reports []matrix.Report) ([]matrix.Report, error) {
	var list []matrix.Report
	for _, r := range reports {
		if matches(e.kernel.Ignore, r.Title) || len(list) == maxReports {
			continue
		}
		if e.symbols != "" {
			oops.Locate(&r, e.symbols)
		}
		r.Known = matches(e.kernel.Known, r.Title)
		var err error
		if r.File, err = e.r.Store.Report(e.kernel.Name, r); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

func matches(patterns []string, title string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matrix.MatchTitle(p, title) })
}

// aside stores reports that came while no probe ran with the kernel's column.
func (e *ear) aside(reports []matrix.Report) error {
	kept, err := e.keep(reports)
	if err != nil || len(kept) == 0 {
		return err
	}
	return e.r.column(e.kernel.Name, func(c *matrix.Column) { c.Reports = matrix.MergeReports(c.Reports, kept, maxReports) })
}

// lastWords names what the kernel died of by its console, "" when it did not.
func lastWords(console string) string {
	r, _ := oops.Fatal(oops.Parse(console))
	return r.Title
}
