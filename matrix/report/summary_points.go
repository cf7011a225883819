package report

import (
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/summary"
)

// pointSection says what the run comes to, in sentences, the most important first.
func pointSection(doc Document, s summary.Summary) *section {
	width := doc.Options.Width
	list := &section{most: maxPoints}
	most := pointLines
	if len(doc.Comparison.Columns) > manyKernels {
		most = fewerLines
	}
	add := func(sentence string) {
		lines := strings.Split(strings.TrimRight(Wrap("- "+sentence, "  ", width), "\n"), "\n")
		if len(lines) > most {
			lines = lines[:most]
			lines[most-1] = cutEnd(lines[most-1]+" …", width)
		}
		for i, line := range lines {
			lines[i] = cutEnd(line, width)
		}
		list.items = append(list.items, lines)
	}
	for _, a := range doc.Assessments {
		add(headline(a, doc) + ".")
	}
	if unfinished(doc) {
		add("The run is not finished: this is of the cells that have an outcome.")
	}
	for _, w := range doc.Warnings {
		if w.Code == compare.OtherClasses {
			add(Warning(w) + ".")
			break
		}
	}
	for _, p := range s.Points {
		add(point(doc.Comparison, p))
	}
	return list
}

// maxSome is how many kernels a sentence names.
const maxSome = 3

// point says one point in a sentence.
func point(c compare.Comparison, p summary.Point) string {
	who := kernelNames(c, p.Columns, nil)
	counted := kernelNames(c, p.Columns, p.Counts)
	switch p.Kind {
	case summary.NothingAnswered:
		return fmt.Sprintf("No kernel answered: nothing is known of %s.", who)
	case summary.KernelsCrashed:
		verb := "crashed"
		if p.Showing == summary.Hung {
			verb = "hung"
		}
		text := fmt.Sprintf("%s in %s", verb, probes(p))
		if p.Title != "" {
			text += ": " + p.Title
		}
		return fmt.Sprintf("%s %s.", counted, strings.TrimSuffix(text, "."))
	case summary.DataBroken:
		return fmt.Sprintf("No contract allows what %s: %s, in %s.", brokenWords[p.Showing], counted, probes(p))
	case summary.ContractBroken:
		return fmt.Sprintf("%s breaks its contract, %s, in %s.", who, c.Columns[p.Columns[0]].Contract, probes(p))
	case summary.BehaviourDiffers:
		verb := "differ from"
		if len(p.Columns) == 1 {
			verb = "differs from"
		}
		return fmt.Sprintf("%s %s %s in %d of %d probes: %s.", who, verb, reference(c, p), summary.Sum(p.Changes), p.Of, changes(p))
	case summary.CostsDiffer, summary.CostsSame:
		return costPoint(c, p)
	case summary.BehaviourSame:
		return fmt.Sprintf("No behaviour differs between %s, in %s.", who, counting(p.Of, "probe"))
	case summary.TestsFailed:
		return fmt.Sprintf("%s failed in %s.", counted, probes(p))
	case summary.NothingCompared:
		return nothingCompared(c, who, p)
	case summary.BootsDisagree:
		return fmt.Sprintf("Boots of one kernel disagree: %s, in %s.", counted, probes(p))
	case summary.NotTested:
		return fmt.Sprintf("%s %s", who, notTested(p))
	case summary.PartlyAnswered:
		return fmt.Sprintf("Some cells have no answer: of %s.", counted)
	case summary.CostsIncomparable:
		return fmt.Sprintf("Costs of %s are not compared with the baseline's: another compiler or configuration.", who)
	case summary.OneBoot:
		return "Each cell has one boot: whether another boot answers alike is not known (--boots 3 asks)."
	case summary.Asked:
		if p.Of == 0 {
			return "No probe has a result."
		}
		return fmt.Sprintf("Asked were %s, on %s.", counting(p.Of, "probe"), counting(len(p.Columns), "kernel"))
	}
	return string(p.Kind)
}

// brokenWords say what no contract allows.
var brokenWords = map[summary.Showing]string{
	summary.Torn:      "arrived torn, bytes that nobody wrote or too few",
	summary.Clobbered: "arrived clobbered, bytes that the file held neither before nor after",
	summary.Source:    "became of the source itself, which lost data or kept old ones",
}

// counting says a number of things: "1 probe", "7 probes".
func counting(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// kernelNames names columns, the first of many, with the counts beside them where there
// are several.
func kernelNames(c compare.Comparison, columns, counts []int) string {
	var names []string
	shown := columns[:min(len(columns), maxSome)]
	if len(columns) == maxSome+1 {
		shown = columns // "and 1 more" takes as much room as a name
	}
	for j, i := range shown {
		name := c.Columns[i].Name
		if len(columns) > 1 && j < len(counts) {
			name += fmt.Sprintf(" (%d)", counts[j])
		}
		names = append(names, name)
	}
	if n := len(columns) - len(shown); n > 0 {
		names = append(names, fmt.Sprintf("%d more", n))
	}
	return joinAnd(names)
}

// probes says in how many probes something is so, and names the first.
func probes(p summary.Point) string {
	if len(p.Probes) == 1 {
		return p.Probes[0]
	}
	return fmt.Sprintf("%d probes, such as %s", len(p.Probes), p.Probes[0])
}

// reference names what columns are compared with.
func reference(c compare.Comparison, p summary.Point) string {
	baseline := slices.ContainsFunc(c.Columns, func(col compare.Column) bool { return col.Baseline && col.Name == p.Against.Name })
	switch {
	case p.Against.Base && baseline:
		return fmt.Sprintf("the baseline and base, %s,", p.Against.Name)
	case p.Against.Base:
		return fmt.Sprintf("its base, %s,", p.Against.Name)
	}
	return fmt.Sprintf("the baseline, %s,", p.Against.Name)
}

// maxChanges is how many changes a sentence tells.
const maxChanges = 3

// changes says what became of the cells that differ: "31 zeroed, 2 changed instead of
// stable".
func changes(p summary.Point) string {
	var list []string
	shown := p.Changes[:min(len(p.Changes), maxChanges)]
	for i, k := range shown {
		switch {
		case k.From == k.To:
			list = append(list, fmt.Sprintf("%d %s otherwise", k.Count, k.To))
		case i+1 < len(shown) && shown[i+1].From == k.From && shown[i+1].To != k.From:
			list = append(list, fmt.Sprintf("%d %s", k.Count, k.To)) // and what is said of the next
		default:
			list = append(list, fmt.Sprintf("%d %s instead of %s", k.Count, k.To, k.From))
		}
	}
	rest := 0
	for _, k := range p.Changes[min(len(p.Changes), maxChanges):] {
		rest += k.Count
	}
	if rest > 0 {
		list = append(list, fmt.Sprintf("%d otherwise", rest))
	}
	return strings.Join(list, ", ")
}

// costPoint says how the costs of a column stand to those of another.
func costPoint(c compare.Comparison, p summary.Point) string {
	n, who := p.Costs, kernelNames(c, p.Columns, nil)
	ref := strings.TrimSuffix(reference(c, p), ",")
	if p.Kind == summary.CostsSame {
		text := fmt.Sprintf("No cost of %s is shown to differ from %s: %d of %d are shown to be the same", who, ref, n.Same, n.All())
		if n.Inconclusive > 0 {
			text += fmt.Sprintf(", %d inconclusive", n.Inconclusive)
		}
		return text + "."
	}
	var parts []string
	for _, part := range []struct {
		n    int
		word string
	}{{n.Worse, "worse"}, {n.Better, "better"}, {n.NotOrdered, "not ordered"}, {n.Same, "the same"}, {n.Inconclusive, "inconclusive"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.word))
		}
	}
	d := n.Most
	_, path := matrix.SplitName(d.Row.Probe)
	text := fmt.Sprintf("Of %s of %s beside %s: %s; by the CPU %s at the farthest (%s).", counting(n.All(), "cost"), who, ref, strings.Join(parts, ", "), factor(d.Ratio), path)
	if n.Reading > 0 {
		text += fmt.Sprintf(" For %d of them the disks read otherwise: a factor leaves the waiting out.", n.Reading)
	}
	return text
}

// nothingCompared says why nothing is compared.
func nothingCompared(c compare.Comparison, who string, p summary.Point) string {
	base := slices.IndexFunc(c.Columns, func(col compare.Column) bool { return col.Baseline })
	switch {
	case len(c.Columns) == 1:
		return fmt.Sprintf("%s alone was asked: there is nothing to compare it with.", who)
	case base >= 0 && !slices.Contains(p.Columns, base):
		return fmt.Sprintf("Nothing is compared with the baseline, %s: it has no answer.", c.Columns[base].Name)
	case base < 0:
		return "Nothing is compared: the baseline is not there."
	}
	return fmt.Sprintf("Nothing is compared: of %d kernels %s alone answered.", len(c.Columns), who)
}

// notTested says why kernels were not tested, behind their names.
func notTested(p summary.Point) string {
	be := "was"
	if len(p.Columns) > 1 {
		be = "were"
	}
	if len(p.Reasons) == 0 {
		return be + " not tested."
	}
	r := p.Reasons[0]
	text := fmt.Sprintf("%s not tested, %s", be, r.Outcome)
	if r.Detail != "" {
		text += ": " + strings.TrimSuffix(strings.TrimPrefix(r.Detail, "boot: "), ".")
	}
	if n := len(p.Reasons) - 1; n > 0 {
		text += fmt.Sprintf("; and %s", counting(n, "other reason"))
	}
	return text + "."
}
