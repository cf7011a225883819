package report

import (
	"bytes"
	"fmt"
	"strings"

	"kmatrix/matrix/builds"
	"kmatrix/matrix/compare"
)

const (
	// maxOptions is how many options of a configuration are named in a sentence, and
	// maxOptionsData how many JSON lists of each sort beside their number.
	maxOptions     = 6
	maxOptionsData = 50
)

// buildData is how the build of a kernel is beside another's as JSON has it.
type buildData struct {
	Kernel  string `json:"kernel"`
	Against string `json:"against"`
	Base    bool   `json:"base,omitempty"`
	// Comparable tells whether costs of the two are compared.
	Comparable bool `json:"comparable"`
	// Difference has the first of its options; the counts are of all.
	builds.Difference
	OptionsCount int `json:"options_count"`
	AloneCount   int `json:"alone_count"`
	// Why says in words why they are not compared.
	Why string `json:"why,omitempty"`
}

// buildsData lists how builds differ as JSON has it.
func buildsData(c compare.Comparison) []buildData {
	var list []buildData
	for _, f := range c.Builds() {
		d := buildData{
			Kernel: f.Kernel, Against: f.Against.Name, Base: f.Against.Base, Comparable: f.Comparable(), Difference: *f.Difference,
			OptionsCount: len(f.Options), AloneCount: len(f.Alone),
		}
		d.Options, d.Alone = d.Options[:min(len(d.Options), maxOptionsData)], d.Alone[:min(len(d.Alone), maxOptionsData)]
		if !d.Comparable {
			d.Why = otherBuild(f.Difference)
		}
		list = append(list, d)
	}
	return list
}

// otherBuild says what two kernels have, behind "they have", that forbids that their
// costs are compared.
func otherBuild(d *builds.Difference) string {
	var parts []string
	if d.Compiler != d.Other {
		parts = append(parts, fmt.Sprintf("other compilers (%s; %s)", d.Compiler, d.Other))
	}
	if n := len(d.Options); n > 0 {
		parts = append(parts, fmt.Sprintf("other values of %s (%s)", options(n), someOptions(d.Options, func(o builds.Option) string {
			return fmt.Sprintf("%s: %s, %s", o.Name, o.Value, o.Other)
		})))
	}
	if d.Unknown {
		parts = append(parts, "configurations that are not known to be the same: no more is stored of one than its digest")
	}
	return strings.Join(parts, " and ")
}

// someOptions names options, the first of many.
func someOptions(list []builds.Option, say func(builds.Option) string) string {
	var names []string
	for _, o := range list[:min(len(list), maxOptions)] {
		names = append(names, say(o))
	}
	if n := len(list) - maxOptions; n > 0 {
		names = append(names, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(names, "; ")
}

// buildNotes writes how the builds of kernels differ whose costs are compared all the same,
// and, where all is to be listed, why others' are not.
func buildNotes(b *bytes.Buffer, doc Document) {
	for _, f := range doc.Comparison.Builds() {
		switch {
		case f.Comparable():
			wrap(b, fmt.Sprintf("- %scompared, although %s.", against(f.Kernel, f.Against), alone(f)), "  ", doc.Options.Width)
		case doc.Options.All && (f.Compiler != f.Other || len(f.Options) > 0):
			wrap(b, fmt.Sprintf("- %snot compared: they have %s.", against(f.Kernel, f.Against), otherBuild(f.Difference)), "  ", doc.Options.Width)
		}
	}
}

// alone says which options one of two configurations alone knows.
func alone(f compare.BuildFinding) string {
	return fmt.Sprintf("one configuration alone knows %s: %s", options(len(f.Alone)), someOptions(f.Alone, func(o builds.Option) string {
		if o.Value == "" {
			return fmt.Sprintf("%s=%s (%s)", o.Name, o.Other, f.Against.Name)
		}
		return fmt.Sprintf("%s=%s (%s)", o.Name, o.Value, f.Kernel)
	}))
}

// options counts them.
func options(n int) string {
	if n == 1 {
		return "1 option"
	}
	return fmt.Sprintf("%d options", n)
}

// unlike says for the legend which columns' costs are not compared with the
// baseline's.
func unlike(doc Document) string {
	var unknown []string
	known := false
	for _, f := range doc.Comparison.Builds() {
		if f.Comparable() || f.Against.Name != doc.Run.Baseline {
			continue
		}
		if f.Unknown && f.Compiler == f.Other {
			unknown = append(unknown, f.Kernel)
		} else {
			known = true
		}
	}
	const what = "another configuration or compiler than the baseline's: its cost is not comparable with the baseline's"
	switch {
	case len(unknown) == 0:
		return what
	case known:
		return fmt.Sprintf("%s; of %s that is not known, since the run has no more than a digest of a configuration", what, strings.Join(unknown, ", "))
	}
	return "another configuration than the baseline's, of which the run has no more than a digest, so that what differs is not known: its cost is not compared with the baseline's"
}
