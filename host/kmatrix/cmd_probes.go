package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"kmatrix/guest/probe"
	_ "kmatrix/guest/probe/all" // for what there is
	"kmatrix/matrix"
	"kmatrix/matrix/report"
	"kmatrix/matrix/spec"
)

func newProbesCommand() *cobra.Command {
	var (
		asJSON       bool
		file, output string
	)
	cmd := &cobra.Command{
		Use:   "probes [NAME|PATTERN]...",
		Short: "List the probes, and explain one",
		Long: `List the families of probes with a sentence each. With a pattern, list the probes
that it matches; with a whole name, explain that one: what it does call by call, what
each answer would mean, and where the question comes from. In a pattern "..." stands
for any rest, "*" for one element; the beginning of a name is one, too.`,
		Example: `  kmatrix probes
  kmatrix probes stability/splice/punch/...
  kmatrix probes stability/splice/punch/xfs/readahead
  kmatrix probes --json 'stability/*/*/btrfs/...'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			own, err := externalProbes(cmd, file)
			if err != nil {
				return err
			}
			list, err := chosenProbes(args, own)
			if err != nil {
				return err
			}
			return writeTo(cmd, output, func(w io.Writer) error {
				switch {
				case asJSON:
					return writeProbesJSON(w, list)
				case len(args) == 0:
					return writeFamilies(w, own)
				case len(list) == 1:
					return explainProbe(w, list[0])
				}
				return writeProbes(w, list)
			})
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "kernels.yaml", "the matrix whose external probes are listed, too")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, in which every name is spelled out")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE` instead of the standard output")
	return cmd
}

func writeProbesJSON(w io.Writer, list []matrix.Probe) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{"version": 1, "probes": list})
}

// writeFamilies lists the families, with how many probes each has.
func writeFamilies(w io.Writer, own []matrix.Probe) error {
	counts, total := map[string]int{}, len(own)
	for _, p := range probe.All() {
		counts[probe.FamilyOf(p.Name).Name]++
		total++
	}
	lines := listing{}
	for _, f := range probe.Families() {
		lines.add(f.Name+"/...", counts[f.Name], f.Summary)
	}
	if len(own) > 0 {
		lines.add(matrix.External.Name("..."), len(own), "Programs that kernels.yaml names under external:.")
	}
	if err := lines.write(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d probes; kmatrix probes PATTERN lists those of a family, kmatrix probes NAME explains one.\n", total)
	return err
}

func writeProbes(w io.Writer, list []matrix.Probe) error {
	lines := listing{}
	for _, p := range list {
		lines.add(p.Name, 0, p.Summary)
	}
	return lines.write(w)
}

// listing is a list of names, each with a sentence and maybe a number.
type listing [][3]string

func (l *listing) add(name string, n int, sentence string) {
	number := ""
	if n > 0 {
		number = fmt.Sprintf("%4d", n)
	}
	*l = append(*l, [3]string{name, number, sentence})
}

// write prints a line each; on a terminal that is too narrow for that, the
// sentences stand below their names.
func (l listing) write(w io.Writer) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.DiscardEmptyColumns)
	for _, line := range l {
		fmt.Fprintf(t, "%s\t%s\t%s\n", line[0], line[1], line[2])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	width, _ := terminal(w)
	if width > 0 && slices.ContainsFunc(strings.Split(b.String(), "\n"), func(line string) bool { return len(line) > width }) {
		b.Reset()
		for _, line := range l {
			fmt.Fprintf(&b, "%s %s\n", line[0], strings.TrimSpace(line[1]))
			b.WriteString("    " + report.Wrap(line[2], "    ", width-4))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// explainWidth is where the explanation of a probe is wrapped.
const explainWidth = 80

// explainProbe says all that is known of a probe beforehand.
func explainProbe(w io.Writer, p matrix.Probe) error {
	if p.Program != nil {
		return explainProgram(w, p)
	}
	f := probe.FamilyOf(p.Name)
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", p.Name)
	b.WriteString(report.Wrap(p.Summary, "", explainWidth))
	b.WriteString("\nWhat it does:\n")
	for i, s := range p.Steps {
		b.WriteString(report.Wrap(fmt.Sprintf("%d. %s", i+1, s), "   ", explainWidth))
	}
	b.WriteString("\nWhat an answer means:\n")
	for _, a := range f.Answers {
		b.WriteString(report.Wrap(fmt.Sprintf("- %s: %s", a.Word, a.Meaning), "  ", explainWidth))
	}
	b.WriteString("\nWhere the question comes from:\n")
	b.WriteString(report.Wrap(f.Origin, "", explainWidth))
	needs := "nothing but memory"
	if p.Needs != "" {
		needs = p.Needs
	}
	fmt.Fprintf(&b, "\nNeeds %s.", needs)
	if p.Since != "" {
		fmt.Fprintf(&b, " Must be answered since Linux %s: \"unsupported\" there is a failure,\nunless the kernel was built without what it needs.", p.Since)
	}
	b.WriteString("\n")
	if p.Budget > 0 {
		fmt.Fprintf(&b, "Works for %s, or for as long as run --stress-for says.\n", p.Budget)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// allProbes lists what the guest can be asked.
func allProbes() []matrix.Probe {
	var list []matrix.Probe
	for _, p := range probe.All() {
		list = append(list, p.Probe)
	}
	return list
}

// externalProbes lists those that the matrix in a file declares. Where it cannot
// be read the others are listed, unless the user named it.
func externalProbes(cmd *cobra.Command, file string) ([]matrix.Probe, error) {
	_, err := os.Stat(file)
	named := cmd.Flags().Changed("file")
	if err != nil && !named {
		return nil, nil
	}
	s, err := spec.LoadFile(file, known())
	switch {
	case err == nil:
		return s.External, nil
	case named:
		return nil, err
	}
	notices(cmd)("kmatrix: external probes are not listed: " + err.Error())
	return nil, nil
}

// chosenProbes lists the probes, own being those of the matrix, that match any
// of the patterns, all without one.
func chosenProbes(patterns []string, own []matrix.Probe) ([]matrix.Probe, error) {
	all := append(allProbes(), own...)
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
			return nil, wrong("%s matches no probe: kmatrix probes lists them", pattern)
		}
	}
	return list, nil
}
