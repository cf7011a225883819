package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"kmatrix/guest/probe"
	_ "kmatrix/guest/probe/all" // for what there is
	"kmatrix/matrix"
)

func newProbesCommand() *cobra.Command {
	var (
		patterns []string
		asJSON   bool
	)
	cmd := &cobra.Command{
		Use:   "probes",
		Short: "List the probes with a sentence each",
		Example: `  kmatrix probes
  kmatrix probes -p 'stability/*/punch/...'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := chosenProbes(patterns)
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(map[string]any{"version": 1, "probes": list})
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, p := range list {
				if _, err := fmt.Fprintf(w, "%s\t%s\n", p.Name, p.Summary); err != nil {
					return err
				}
			}
			return w.Flush()
		},
	}
	cmd.Flags().StringArrayVarP(&patterns, "probe", "p", nil, "only probes that match `PATTERN`; repeatable")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// allProbes lists what the guest can be asked.
func allProbes() []matrix.Probe {
	var list []matrix.Probe
	for _, p := range probe.All() {
		list = append(list, p.Probe)
	}
	return list
}

// chosenProbes lists the probes that match any of the patterns, all without
// one.
func chosenProbes(patterns []string) ([]matrix.Probe, error) {
	all := allProbes()
	if len(patterns) == 0 {
		return all, nil
	}
	var list []matrix.Probe
	hits := map[string]bool{}
	for _, p := range all {
		chosen := false
		for _, pattern := range patterns {
			if matrix.Match(pattern, p.Name) {
				chosen, hits[pattern] = true, true
			}
		}
		if chosen {
			list = append(list, p)
		}
	}
	for _, pattern := range patterns {
		if !hits[pattern] {
			return nil, wrong("-p %s matches no probe: kmatrix probes lists them", pattern)
		}
	}
	return list, nil
}
