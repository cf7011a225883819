package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/stats"
)

// maxFindings is how many sentences stand under the table; the table has the
// rest.
const maxFindings = 12

// notes writes what stands under the table.
func notes(b *bytes.Buffer, doc Document) {
	width := doc.Options.Width
	c := doc.Comparison
	if f := differences(c); len(f) > 0 {
		fmt.Fprintln(b, "What differs:")
		for _, s := range f[:min(len(f), maxFindings)] {
			wrap(b, "- "+s, "  ", width)
		}
		if n := len(f) - maxFindings; n > 0 {
			fmt.Fprintf(b, "- and %d rows more, in the table\n", n)
		}
		fmt.Fprintln(b)
	} else if n := len(behaving(c)); n > 1 && slices.ContainsFunc(behaving(c), func(i int) bool { return c.Columns[i].Baseline }) {
		far := ""
		if unfinished(doc) {
			far = " so far"
		}
		fmt.Fprintf(b, "No behaviour differs%s between the %d kernels.\n\n", far, n)
	} else if s := uncompared(c, doc.Run.Baseline); s != "" {
		wrap(b, "Nothing is compared: "+s+".", "  ", width)
		fmt.Fprintln(b)
	}
	costs(b, doc)
	crashReports(b, doc)
	for _, s := range slices.Concat(untested(c), troubles(c, doc.Results), irregular(doc.Results), unprofiled(doc.Profiles)) {
		wrap(b, s, "  ", width)
	}
	for _, s := range legend(doc) {
		wrap(b, s, "   ", width)
	}
	if s := unvouched(c); s != "" {
		wrap(b, s, "  ", width)
	}
	calibration(b, doc)
	for _, w := range doc.Warnings {
		wrap(b, "Beware: "+Warning(w)+".", "  ", width)
	}
	if len(doc.Runs) > 1 {
		for i, s := range doc.Runs {
			wrap(b, fmt.Sprintf("@%d: %s, of %s. %s", i+1, s.Dir, s.Run.Started.Format("2006-01-02 15:04"), made(s.Run)), "  ", width)
		}
		return
	}
	wrap(b, made(doc.Run), "  ", width)
	if unfinished(doc) {
		s := "The run is not finished"
		var none []string
		for _, i := range present(c) {
			if !slices.ContainsFunc(doc.Results, func(r matrix.Result) bool { return r.Kernel == c.Columns[i].Name }) {
				none = append(none, c.Columns[i].Name)
			}
		}
		if len(none) > 0 {
			s += ": " + strings.Join(none, ", ") + " has not answered at all"
		}
		wrap(b, fmt.Sprintf("%s. What stands here is of the cells that have an outcome; kmatrix run --resume %s asks the others.", s, doc.Dir), "  ", width)
	}
	fmt.Fprintf(b, "Stored in %s\n", doc.Dir)
}

// unvouched names the kernels whose source nobody vouches for, "" for none.
func unvouched(c compare.Comparison) string {
	var names []string
	for _, col := range c.Columns {
		if col.Trust == matrix.TrustFirstUse {
			names = append(names, col.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("Trusted on first use: the source of %s. Nobody vouches for what was fetched first; kernels.lock holds on to it. kernels.yaml can: with sha256: or keyring:, of a git repository with a commit as its ref:.", strings.Join(names, ", "))
}

// behaving lists the columns that show any behaviour, and not just costs.
func behaving(c compare.Comparison) []int {
	return slices.DeleteFunc(present(c), func(i int) bool {
		return !slices.ContainsFunc(c.Rows, func(r compare.Row) bool { return r.Cells[i].Answered() && r.Cells[i].Sample() == nil })
	})
}

// unfinished reports whether a stored run lacks outcomes: it was interrupted, or
// killed, or goes on.
func unfinished(doc Document) bool {
	return doc.Dir != "" && len(doc.Runs) == 0 && (doc.Run.Finished == nil || doc.Run.Interrupted)
}

// sequential says what a machine's boots were that what they showed decided.
func sequential(m matrix.Machine) string {
	var taken []string
	for _, n := range m.Analyses {
		if n <= m.Boots {
			taken = append(taken, fmt.Sprint(n))
		}
	}
	return fmt.Sprintf("%s boots, decided by what they showed: %d of at most %d analyses were made, each at %.2g %%", strings.Join(taken, " or "), len(taken), len(m.Analyses), 100*stats.Alpha/float64(len(m.Analyses)))
}

// made says how the numbers were made.
func made(run matrix.Run) string {
	var machines []string
	for _, m := range run.Machines {
		boots := "1 boot"
		if m.Boots > 1 {
			boots = fmt.Sprintf("%d boots", m.Boots)
		}
		if len(m.Analyses) > 0 {
			boots = sequential(m)
		}
		machines = append(machines, fmt.Sprintf("%s (%d MiB, %d CPU, %s)", m.Name, m.MemoryMiB, m.CPUs, boots))
	}
	how := "QEMU " + run.Host.QEMU
	if a := run.Host.Accel; a != matrix.AccelAuto {
		// "auto" stays where no guest was started.
		how += ", " + strings.ToUpper(string(a))
	}
	return fmt.Sprintf("Made with %s, on %s.", how, strings.Join(machines, ", "))
}
