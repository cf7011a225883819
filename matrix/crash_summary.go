package matrix

import "slices"

// CrashSummary is one report of a run with all that it came up in.
type CrashSummary struct {
	CrashReport
	// Kernels are the columns, and Cells the cells' IDs, in the order of the
	// results. A kernel without a cell printed it while no probe ran.
	Kernels []string `json:"kernels"`
	Cells   []string `json:"cells,omitempty"`
}

// AllCrashReports lists the reports of a run, each fingerprint once, in the order in which
// the results came: those of probes first. One that is known on every kernel that had
// it is known.
func AllCrashReports(run Run, results []Result) []CrashSummary {
	var list []CrashSummary
	at := map[string]int{}
	add := func(kernel, cell string, reports []CrashReport) {
		for _, r := range reports {
			i, ok := at[r.Fingerprint]
			if !ok {
				i = len(list)
				at[r.Fingerprint] = i
				list = append(list, CrashSummary{CrashReport: r})
				list[i].Count = 0
			}
			one := &list[i]
			one.Count += r.Count
			one.Fatal = one.Fatal || r.Fatal
			one.Known = one.Known && r.Known
			if !slices.Contains(one.Kernels, kernel) {
				one.Kernels = append(one.Kernels, kernel)
			}
			if cell != "" && !slices.Contains(one.Cells, cell) {
				one.Cells = append(one.Cells, cell)
			}
		}
	}
	for _, r := range results {
		add(r.Kernel, r.Cell, r.CrashReports)
	}
	for _, k := range run.Kernels {
		add(k.Name, "", k.CrashReports)
	}
	return list
}
