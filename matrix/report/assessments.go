package report

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"kmatrix/matrix"
)

// maxReasons is how many reasons of an assessment are told, unless all are asked for.
const maxReasons = 24

// assessed writes what policies concluded: the verdict, then each reason, then the
// tables.
func assessed(b *bytes.Buffer, doc Document) error {
	width := doc.Options.Width
	for _, a := range doc.Assessments {
		wrap(b, headline(a, doc)+".", "  ", width)
		told := a.Reasons
		if !doc.Options.All {
			told = told[:min(len(told), maxReasons)]
		}
		for _, r := range told {
			wrap(b, "- "+reason(r), "  ", width)
			for _, e := range r.Evidence {
				b.WriteString("  " + Wrap(e, "    ", width-2))
			}
			if r.Again != "" {
				// Uncut, to be pasted.
				fmt.Fprintf(b, "  again: %s\n", r.Again)
			}
		}
		if n := len(a.Reasons) - len(told); n > 0 {
			fmt.Fprintf(b, "- and %d reasons more: --all lists them\n", n)
		}
		fmt.Fprintln(b)
		for _, t := range a.Tables {
			if err := assessmentTable(b, t, width); err != nil {
				return err
			}
		}
	}
	return nil
}

// headline says what a policy concluded: "qualify, 6.12 against 6.1: FAIL: …".
func headline(a matrix.Assessment, doc Document) string {
	s := a.Policy
	if a.Subject != "" {
		s += ", " + a.Subject
	}
	if len(doc.Runs) > 1 {
		s += ", of " + a.Run
	}
	s += fmt.Sprintf(": %s: %s", a.Verdict, strings.TrimSuffix(a.Summary, "."))
	if resumed := lastResumed(a, doc); a.Made.Before(resumed) {
		s += "; the run has gone on since, and this is of before"
	}
	return s
}

// lastResumed is when the run that an assessment is of was last gone on with; the zero
// time where it was not.
func lastResumed(a matrix.Assessment, doc Document) (last time.Time) {
	runs := []matrix.Run{doc.Run}
	for _, s := range doc.Runs {
		runs = append(runs, s.Run)
	}
	for _, run := range runs {
		for _, t := range run.Resumed {
			if run.ID == a.Run && t.After(last) {
				last = t
			}
		}
	}
	return last
}

// reason says what a policy found, of what, and by which rule: "FAIL, behaviour: it is
// zeroed; 6.12, default, stability/…: baseline stable, candidate zeroed 4096;
// policy.yaml:7".
func reason(r matrix.Reason) string {
	s := fmt.Sprintf("%s, %s: %s", r.Verdict, r.Kind, strings.TrimSuffix(r.Text, "."))
	if of := joined(r.At, r.Kernel, r.Machine, r.Probe); of != "" {
		s += "; " + of
	}
	var sides []string
	if r.Baseline != "" {
		sides = append(sides, "baseline "+r.Baseline)
	}
	if r.Candidate != "" {
		sides = append(sides, "candidate "+r.Candidate)
	}
	if len(sides) > 0 {
		s += ": " + strings.Join(sides, ", ")
	}
	if r.Rule != "" {
		s += "; " + r.Rule
	}
	return s
}

// joined joins the texts that are there.
func joined(texts ...string) string {
	var list []string
	for _, t := range texts {
		if t != "" {
			list = append(list, t)
		}
	}
	return strings.Join(list, ", ")
}

// assessmentTable writes a table of a policy's. One without rows is left out.
func assessmentTable(b *bytes.Buffer, t matrix.AssessmentTable, width int) error {
	if len(t.Rows) == 0 || len(t.Columns) == 0 {
		return nil
	}
	wrap(b, t.Title+":", "  ", width)
	g := grid{corner: t.Columns[0], header: t.Columns[1:]}
	for _, row := range t.Rows {
		g.rows = append(g.rows, gridRow{label: row[0], cells: row[1:]})
	}
	for _, block := range g.blocks(width) {
		if err := g.render(b, block); err != nil {
			return fmt.Errorf("the table %q: %w", t.Title, err)
		}
	}
	return nil
}
