package matrix

import (
	"fmt"
	"slices"
	"strings"
)

// Test is what an external probe's program said of itself.
type Test struct {
	// ResultFormat is the program's, see [Program]; it is the host's to say.
	ResultFormat ResultFormat `json:"judge"`
	// ExitCode is the program's, -1 when a signal ended it. Of several it is
	// the first that is not 0.
	ExitCode int `json:"exit_code"`
	// Passed, Failed, Skipped and Expected count tests: the program itself, or
	// those that it tells of, of nested ones the innermost. Expected failed as
	// they are known to (XFAIL, TODO).
	Passed   int `json:"passed"`
	Failed   int `json:"failed"`
	Skipped  int `json:"skipped"`
	Expected int `json:"expected_failures"`
	// Failing names those that failed, Skips those that were skipped with
	// their reasons. Both are capped at [MaxNames].
	Failing []string `json:"failing,omitempty"`
	Skips   []string `json:"skips,omitempty"`
	// Problems say what is wrong with the report itself: a plan that was not
	// kept, "Bail out!". Each makes the probe fail.
	Problems []string `json:"problems,omitempty"`
	// Warnings say what is irregular in the report and leaves no doubt of its
	// results, such as numbers out of order, capped. None makes the probe fail.
	Warnings []string `json:"warnings,omitempty"`
	// Diagnostics are the lines that came with the failing tests, capped.
	Diagnostics []string `json:"diagnostics,omitempty"`
}

// Limits of what a [Test] keeps: MaxNames names, reasons, problems and
// diagnostics, of each, and MaxText bytes of every one.
const (
	MaxNames = 20
	MaxText  = 160
)

// Bits of an exit code of the Linux Test Project (include/tst_res_flags.h).
const (
	LTPFail, LTPBroken, LTPWarn, LTPConf = 1, 2, 4, 32
)

// Outcome judges the test: [Pass], [Fail] or [Unsupported], and why.
func (t Test) Outcome() (Outcome, string) {
	switch {
	case t.Ran() == 0 && t.Skipped > 0 && len(t.Problems) == 0:
		return Unsupported, "skipped: " + Several(t.Skips, t.Skipped)
	case t.ResultFormat == FormatLTP:
		return t.ltp()
	case t.Failed > 0 && t.ResultFormat == FormatExit && t.Ran() == 1:
		return Fail, fmt.Sprintf("exit code %d", t.ExitCode)
	case t.Failed > 0:
		return Fail, fmt.Sprintf("%d of %d failed: %s", t.Failed, t.Ran(), Several(t.Failing, t.Failed))
	case len(t.Problems) > 0:
		return Fail, Several(t.Problems[:1], len(t.Problems))
	}
	return Pass, ""
}

// Ran counts the tests that were not skipped.
func (t Test) Ran() int { return t.Passed + t.Failed + t.Expected }

// ltp reads the exit code as the Linux Test Project does. The first of the
// diagnostics is why.
func (t Test) ltp() (Outcome, string) {
	if t.ExitCode == 0 {
		return Pass, ""
	}
	why := ""
	if len(t.Diagnostics) > 0 {
		why = ": " + t.Diagnostics[0]
	}
	if t.ExitCode&^(LTPFail|LTPBroken|LTPWarn|LTPConf) != 0 {
		return Fail, fmt.Sprintf("exit code %d, which is none of LTP's", t.ExitCode) + why
	}
	var words []string
	for _, b := range []struct {
		bit  int
		word string
	}{{LTPFail, "failed (TFAIL)"}, {LTPBroken, "broken (TBROK)"}, {LTPWarn, "warned (TWARN)"}, {LTPConf, "lacks configuration (TCONF)"}} {
		if t.ExitCode&b.bit != 0 {
			words = append(words, b.word)
		}
	}
	return Fail, fmt.Sprintf("exit code %d: %s", t.ExitCode, strings.Join(words, ", ")) + why
}

// TestSummary is what a [Test] came to, without names: what tells two tests apart in a
// table. Only those fields are set that its Outcome and Single call for.
type TestSummary struct {
	// Outcome is the test's, see [Test.Outcome].
	Outcome Outcome
	// Single tells that the program is one test, and reports of no others.
	Single bool
	// ExitCode is that of a single program that failed.
	ExitCode int
	// Ran, Failed and Skipped count the tests that a program reports of. A program
	// that failed without a failed test has broken its own report.
	Ran, Failed, Skipped int
}

// Summary returns what the test came to.
func (t Test) Summary() TestSummary {
	outcome, _ := t.Outcome()
	single := t.ResultFormat != FormatKTAP && t.Ran()+t.Skipped == 1
	switch {
	case outcome == Unsupported:
		return TestSummary{Outcome: outcome}
	case outcome == Pass && single:
		return TestSummary{Outcome: outcome, Single: true}
	case outcome == Pass:
		return TestSummary{Outcome: outcome, Ran: t.Ran(), Skipped: t.Skipped}
	case single && len(t.Problems) == 0:
		return TestSummary{Outcome: outcome, Single: true, ExitCode: t.ExitCode}
	}
	return TestSummary{Outcome: outcome, Ran: t.Ran(), Failed: t.Failed}
}

// String returns what a table says of the test: "ok", "ok 5", "2 of 5 failed",
// "exit 3", "broken after 4".
func (s TestSummary) String() string {
	switch {
	case s.Outcome == Unsupported:
		return string(Unsupported)
	case s.Outcome == Pass && s.Single:
		return "ok"
	case s.Outcome == Pass && s.Skipped > 0:
		return fmt.Sprintf("ok %d, %d skipped", s.Ran, s.Skipped)
	case s.Outcome == Pass:
		return fmt.Sprintf("ok %d", s.Ran)
	case s.Single:
		return fmt.Sprintf("exit %d", s.ExitCode)
	case s.Failed > 0:
		return fmt.Sprintf("%d of %d failed", s.Failed, s.Ran)
	}
	return fmt.Sprintf("broken after %d", s.Ran)
}

// String returns the test's [TestSummary] in words.
func (t Test) String() string { return t.Summary().String() }

// Equal reports whether two kernels did the same: the same tests failed.
func (t Test) Equal(o Test) bool {
	return t.Summary() == o.Summary() && slices.Equal(t.Failing, o.Failing) && slices.Equal(t.Problems, o.Problems)
}

// maxSeveral is how many of a list a sentence names.
const maxSeveral = 3

// Several names the first of a list whose length is total.
func Several(names []string, total int) string {
	shown := names[:min(len(names), maxSeveral)]
	text := strings.Join(shown, ", ")
	if n := total - len(shown); n > 0 && len(shown) > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// Merge adds what other tests came to.
func (t *Test) Merge(o Test) {
	t.Passed, t.Failed, t.Skipped, t.Expected = t.Passed+o.Passed, t.Failed+o.Failed, t.Skipped+o.Skipped, t.Expected+o.Expected
	t.Failing, t.Skips = Keep(t.Failing, o.Failing...), Keep(t.Skips, o.Skips...)
	t.Problems, t.Diagnostics = Keep(t.Problems, o.Problems...), Keep(t.Diagnostics, o.Diagnostics...)
	t.Warnings = Keep(t.Warnings, o.Warnings...)
	if t.ExitCode == 0 {
		t.ExitCode = o.ExitCode
	}
}

// Within makes the tests parts of the test name.
func (t *Test) Within(name string) {
	for _, list := range [][]string{t.Failing, t.Skips, t.Problems, t.Warnings, t.Diagnostics} {
		for i := range list {
			list[i] = name + "/" + list[i]
		}
	}
}

// Keep appends texts up to [MaxNames], each cut to [MaxText].
func Keep(list []string, texts ...string) []string {
	for _, s := range texts[:max(0, min(len(texts), MaxNames-len(list)))] {
		list = append(list, s[:min(len(s), MaxText)])
	}
	return list
}
