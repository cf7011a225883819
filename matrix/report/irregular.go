package report

import (
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// irregular names the reports of external probes that are irregular and yet leave no
// doubt of their results, each with the kernels on which they are.
func irregular(results []matrix.Result) []string {
	type key struct{ probe, what string }
	kernels := map[key][]string{}
	var order []key
	for _, r := range results {
		if r.Test == nil || len(r.Test.Warnings) == 0 {
			continue
		}
		k := key{r.Probe, matrix.Several(r.Test.Warnings, len(r.Test.Warnings))}
		if len(kernels[k]) == 0 {
			order = append(order, k)
		}
		if !slices.Contains(kernels[k], r.Kernel) {
			kernels[k] = append(kernels[k], r.Kernel)
		}
	}
	var list []string
	for _, k := range order {
		list = append(list, fmt.Sprintf("The report of %s on %s is irregular: %s", k.probe, strings.Join(kernels[k], ", "), k.what))
	}
	return list
}
