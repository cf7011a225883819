package report

import (
	"bytes"
	"fmt"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/cost"
)

const (
	// maxDiffering is how many costs of a column that differ are told one by one.
	maxDiffering = 6
	// maxCounters is how many counters explain one of them.
	maxCounters = 3
	// maxFunctions is how many functions say where one of them is.
	maxFunctions = 5
)

// costs writes how costs differ.
func costs(b *bytes.Buffer, doc Document) {
	list := costSentences(doc.Comparison)
	var built bytes.Buffer
	buildNotes(&built, doc)
	if len(list) == 0 && built.Len() == 0 {
		return
	}
	fmt.Fprintln(b, "What it costs:")
	for _, s := range list[:min(len(list), maxFindings)] {
		wrap(b, "- "+s, "  ", doc.Options.Width)
	}
	if n := len(list) - maxFindings; n > 0 {
		fmt.Fprintf(b, "- and %d sentences more: --json has all verdicts\n", n)
	}
	for _, s := range means(doc.Comparison) {
		wrap(b, "- geometric means, "+s, "  ", doc.Options.Width)
	}
	b.Write(built.Bytes())
	fmt.Fprintln(b)
}

// costSentences says how the columns' costs stand to their bases' and to the
// baseline's.
func costSentences(c compare.Comparison) []string {
	var list []string
	all := labels(c.Rows)
	findings := c.Costs()
	for i := 0; i < len(findings); {
		f := findings[i]
		if !f.Deltas[0].Differs() {
			if f.Limit.Code != cost.Indicative {
				list = append(list, against(f.Kernel, f.Against)+alike(f, all)+".")
			}
			i++
			continue
		}
		// Those that differ stand together.
		n := 1
		for i+n < len(findings) && findings[i+n].Kernel == f.Kernel && findings[i+n].Against == f.Against && findings[i+n].Deltas[0].Differs() {
			n++
		}
		for _, f := range findings[i : i+min(n, maxDiffering)] {
			list = append(list, against(f.Kernel, f.Against)+differing(f.Deltas[0])+".")
		}
		if rest := n - maxDiffering; rest > 0 {
			list = append(list, fmt.Sprintf("%s%d more differ; the table marks them.", against(f.Kernel, f.Against), rest))
		}
		i += n
	}
	return list
}

// against begins a sentence on how a column stands to another.
func against(kernel string, ref compare.Reference) string {
	if ref.Base {
		return fmt.Sprintf("%s against its base, %s: ", kernel, ref.Name)
	}
	return fmt.Sprintf("%s against the baseline, %s: ", kernel, ref.Name)
}

// alike says what is so of all costs of a finding that neither is better nor worse.
func alike(f compare.CostFinding, all []string) string {
	var rows []compare.Row
	for _, d := range f.Deltas {
		rows = append(rows, d.Row)
	}
	names := compare.Cover(labels(rows), all)
	text := strings.Join(names[:min(len(names), maxNames)], ", ")
	if n := len(names) - maxNames; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	text += ": "
	switch {
	case f.Verdict == matrix.VerdictSame:
		return text + fmt.Sprintf("the same within %.3g %%", 100*f.Margin)
	case f.Verdict == matrix.NoVerdict:
		return text + "not compared: " + limitation(f.Limit)
	case f.Limit.Code == cost.Unlimited:
		return text + fmt.Sprintf("inconclusive; about %d boots would tell", f.Need)
	}
	return text + "inconclusive: " + limitation(f.Limit)
}

// differing says how the cost of one cell differs, and what explains it.
func differing(k compare.RowDelta) string {
	other := "baseline"
	if k.Base {
		other = "base"
	}
	s := label(k.Row) + " is " + amount(k.Delta)
	var why []string
	if r := k.Reads; r != nil {
		why = append(why, counter(cost.Counter{Name: cost.CounterRead, Value: &r.Value, Other: &r.Other}, other))
	}
	for _, c := range k.Counters {
		if len(why) < maxCounters && (k.Reads == nil || c.Name != cost.CounterRead) {
			why = append(why, counter(c, other))
		}
	}
	if len(why) > 0 {
		s += ": in a pass " + strings.Join(why, "; ")
	}
	if k.Where != nil && k.Where.Missing == nil {
		s += fmt.Sprintf(". Of the %+.3g %s: %s", k.Value-k.Other, k.Unit, Where(k.Delta, maxFunctions))
		if without := withoutCopying(k.Delta); without != "" {
			s += "; " + without
		}
	}
	return s
}

// amount says a verdict with its figures: "worse, 4.8× (4.77…4.82), 0.068 to 0.33
// insn/B", and where the disks read otherwise "not ordered, CPU 0.8× (0.79…0.81), 0.4 to
// 0.32 insn/B".
func amount(k *cost.Delta) string {
	of := ""
	if k.Reads != nil {
		of = "CPU "
	}
	return fmt.Sprintf("%s, %s%s (%s), %.3g to %.3g %s", verdict(k.Verdict), of, factor(k.Ratio), interval(k.Ratio, k.Low, k.High), k.Other, k.Value, k.Unit)
}

// verdict says one in words.
func verdict(v matrix.Verdict) string { return strings.ReplaceAll(string(v), "-", " ") }

// Cost says how a cost stands beside another: "beside 6.1: worse, 4.8× (4.77…4.82),
// 0.068 to 0.33 insn/B", or why that is not said.
func Cost(k *cost.Delta) string {
	if k.Verdict == matrix.NoVerdict {
		return fmt.Sprintf("beside %s: no verdict: %s", k.Against, limitation(k.Limit))
	}
	s := fmt.Sprintf("beside %s: %s", k.Against, amount(k))
	if r := k.Reads; r != nil {
		s += fmt.Sprintf(", while the disks read %.4g KiB in a pass, beside %.4g", r.Value, r.Other)
	}
	if k.Limit.Code != cost.Unlimited {
		s += "; " + limitation(k.Limit)
	}
	return s
}

// counter says what a counter counted in a pass: "pages_copied 256, base 0".
func counter(c cost.Counter, other string) string {
	number := func(v *float64) string {
		if v == nil {
			return "none"
		}
		return fmt.Sprintf("%.4g", *v)
	}
	return fmt.Sprintf("%s %s, %s %s", c.Name, number(c.Value), other, number(c.Other))
}

// means says the geometric means of families of probes in a sentence for each column
// and what it is compared with: of families of more than one probe of which not all
// cost the same.
func means(c compare.Comparison) []string {
	var list []string
	var words []string
	families := c.Families()
	for i, f := range families {
		if f.Probes > 1 && f.Same < f.Probes {
			_, name := matrix.SplitName(f.Name)
			text := name + " " + factor(f.Ratio)
			if f.Low > 0 {
				text += " (" + interval(f.Ratio, f.Low, f.High) + ")"
			}
			words = append(words, text)
		}
		last := i == len(families)-1 || families[i+1].Kernel != f.Kernel || families[i+1].Against != f.Against || families[i+1].Base != f.Base
		if last && len(words) > 0 {
			list = append(list, against(f.Kernel, compare.Reference{Name: f.Against, Base: f.Base})+strings.Join(words, ", ")+".")
			words = nil
		}
	}
	return list
}
