package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// crashReports writes what the kernels said of their own trouble, each once: what is not
// known first.
func crashReports(b *bytes.Buffer, doc Document) {
	all := matrix.AllCrashReports(doc.Run, doc.Results)
	if len(all) == 0 {
		return
	}
	slices.SortStableFunc(all, func(x, y matrix.CrashSummary) int {
		switch {
		case x.Known == y.Known:
			return 0
		case y.Known:
			return -1
		}
		return 1
	})
	fmt.Fprintln(b, "What the kernels reported:")
	for _, r := range all[:min(len(all), maxFindings)] {
		wrap(b, "- "+sentence(r), "  ", doc.Options.Width)
	}
	if n := len(all) - maxFindings; n > 0 {
		fmt.Fprintf(b, "- and %d reports more: --json has them\n", n)
	}
	fmt.Fprintln(b)
}

// sentence says of a report where it came up, how often, and who called whom.
func sentence(r matrix.CrashSummary) string {
	text := r.Title
	if r.Known {
		text += " (known)"
	}
	text += ": " + strings.Join(r.Kernels, ", ")
	switch n := len(r.Cells); n {
	case 0:
		text += ", while no probe ran"
	case 1:
		text += ", " + probeOf(r.Cells[0])
	default:
		text += fmt.Sprintf(", %s and %d more", probeOf(r.Cells[0]), n-1)
	}
	if r.Count > 1 {
		text += fmt.Sprintf("; %d times", r.Count)
	}
	var frames []string
	for _, f := range r.Frames {
		frames = append(frames, f.String())
	}
	if len(frames) > 0 {
		text += "; " + strings.Join(frames, " < ")
	}
	return text
}

// probeOf returns the probe of a cell's ID.
func probeOf(cell string) string {
	if parts := strings.SplitN(cell, "/", 3); len(parts) == 3 {
		return parts[2]
	}
	return cell
}
