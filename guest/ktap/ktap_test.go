package ktap

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

func parse(text string) matrix.Test {
	var p Parser
	_, _ = p.Write([]byte(text))
	return p.Finish()
}

func TestReports(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want matrix.Test
	}{
		"flat": {
			"KTAP version 1\n1..4\nok 1 a\n# b: expected 3\n# b: got 4\nnot ok 2 b\nok 3 c # SKIP no device\nnot ok 4 d # TODO later\n",
			matrix.Test{Passed: 1, Failed: 1, Skipped: 1, Expected: 1, Failing: []string{"b"}, Skips: []string{"c: no device"}, Diagnostics: []string{"b: b: expected 3", "b: b: got 4"}},
		},
		"nested": {
			"KTAP version 1\n1..2\n  KTAP version 1\n  # Subtest: one\n  1..3\n    KTAP version 1\n    1..2\n    ok 1 x\n    not ok 2 y\n  not ok 1 deep\n  ok 2 b\n  ok 3 c # SKIP\nnot ok 1 one\nok 2 two\n",
			matrix.Test{Passed: 3, Failed: 1, Skipped: 1, Failing: []string{"one/deep/y"}, Skips: []string{"one/c"}},
		},
		"KUnit of old": {
			"TAP version 14\n1..1\n    # Subtest: suite\n    1..2\n    ok 1 - a\n    ok 2 - b\nok 1 - suite\n",
			matrix.Test{Passed: 2},
		},
		"a parent fails by itself": {
			"KTAP version 1\n1..1\n  1..1\n  ok 1 a\nnot ok 1 suite\n",
			matrix.Test{Passed: 1, Failed: 1, Failing: []string{"suite"}},
		},
		"in the kernel's log": {
			"[    0.100000] Linux version\n[    1.000000] KTAP version 1\n[    1.000000] 1..1\n[    1.1][  T12] random: crng init done\n<6>[    1.200000]   1..1\n[    1.200000]   ok 1 a\n[    1.200000] ok 1 suite\n[    2.0] reboot: Power down\n",
			matrix.Test{Passed: 1},
		},
		"noise": {
			"hello\nok then\nok: it works\n1..many\nTAP version 13\n1..2\n[   10.5] usb 1-1: new device\nok 1 a\nnot okay\n  trailing\nok 2 b\r\n",
			matrix.Test{Passed: 2},
		},
		"as kselftest.h prints": {
			"TAP version 13\n1..3\nok 1 # SKIP no such option\nnot ok 2 # XFAIL known\nok 3 fine\n# Totals: pass:1 fail:0 xfail:1 xpass:0 skip:1 error:0\n",
			matrix.Test{Passed: 1, Skipped: 1, Expected: 1, Skips: []string{"no such option"}},
		},
		"a plan that is not kept": {
			"KTAP version 1\n1..3\nok 1 a\nok 2 b\n",
			matrix.Test{Passed: 2, Problems: []string{"2 of 3 planned tests ran"}},
		},
		"a nested plan that is not kept": {
			"KTAP version 1\n1..1\n  1..2\n  ok 1 a\nok 1 suite\n",
			matrix.Test{Passed: 1, Problems: []string{"suite/1 of 2 planned tests ran"}},
		},
		"it died among subtests": {
			"KTAP version 1\n  1..2\n  ok 1 a\n  ok 2 b\n",
			matrix.Test{Passed: 2, Problems: []string{"the test that has these subtests has no result"}},
		},
		"a plan at the end":  {"ok 1 a\nok 2 b\n1..2\n", matrix.Test{Passed: 2}},
		"no plan":            {"KTAP version 1\nok 1 a\n", matrix.Test{Passed: 1}},
		"two plans":          {"1..1\n1..2\nok 1 a\n", matrix.Test{Passed: 1, Problems: []string{`there is a second plan, "1..2"`}}},
		"bail out":           {"TAP version 13\n1..2\nok 1 a\nBail out! no memory\nok 2 b\n", matrix.Test{Passed: 1, Problems: []string{"Bail out! no memory", "1 of 2 planned tests ran"}}},
		"all skipped":        {"TAP version 13\n1..0 # SKIP no root\n", matrix.Test{Skipped: 1, Skips: []string{"no root"}}},
		"nothing":            {"", matrix.Test{Problems: []string{"no result was printed"}}},
		"a version, no more": {"KTAP version 1\n", matrix.Test{Problems: []string{"no result was printed"}}},
		"two reports":        {"TAP version 13\n1..1\nok 1 a\nTAP version 13\n1..2\nok 1 b\nok 2 c\n", matrix.Test{Passed: 3}},
		"a # in a name":      {"1..1\nnot ok 1 issue \\#5 and C#\n", matrix.Test{Failed: 1, Failing: []string{"issue #5 and C#"}}},
		"a timeout":          {"1..1\nnot ok 1 slow # TIMEOUT 45 seconds\n", matrix.Test{Failed: 1, Failing: []string{"slow"}}},
		"no newline at last": {"1..1\nnot ok 1", matrix.Test{Failed: 1, Failing: []string{"test 1"}}},
		"no numbers": {
			"TAP version 13\n1..5\nok\nok - a\nok b\nnot ok\nnot ok - c # TODO later\n",
			matrix.Test{Passed: 3, Failed: 1, Expected: 1, Failing: []string{"a test without a name"}},
		},
		"a failure has no number": {"not ok - b\n", matrix.Test{Failed: 1, Failing: []string{"b"}}},
		"words that begin as directives do": {
			"1..6\nnot ok 1 a # skipped_frames=3 lost\nnot ok 2 b # SKIPPED=1\nnot ok 3 c # todo-list\nnot ok 4 d # xfailing\nok 5 e # skip.c:12 passes\nok 6 f # timeouts: 0\n",
			matrix.Test{Passed: 2, Failed: 4, Failing: []string{"a", "b", "c", "d"}},
		},
		"directives as they are written": {
			"1..6\nok 1 a # skip no device\nnot ok 2 b # SKIP: no b\nok 3 c # Skip(no c)\nok 4 d # SKIP\nnot ok 5 e # todo: later\nok 6 f # SKIP - no f\n",
			matrix.Test{Skipped: 5, Expected: 1, Skips: []string{"a: no device", "b: no b", "c: (no c)", "d", "f: no f"}},
		},
		"numbers that come twice": {
			"1..4\nok 1 a\nok 2 b\nok 2 c\nok 2 d\n",
			matrix.Test{Passed: 4, Warnings: []string{"the number 2 is there twice, and 1 more"}},
		},
		"a test that comes twice is one of the plan": {
			"1..2\nok 1 a\nok 1 a\nnot ok 2 b\n",
			matrix.Test{Passed: 1, Failed: 1, Failing: []string{"b"}, Warnings: []string{"the number 1 is there twice"}},
		},
		"a test that comes twice is not another": {
			"1..2\nok 1 a\nok 1 a\n",
			matrix.Test{Passed: 1, Problems: []string{"1 of 2 planned tests ran"}, Warnings: []string{"the number 1 is there twice"}},
		},
		"a number that two tests have": {
			"1..2\nok 1 a\nnot ok 1 a\nok 2 b\n",
			matrix.Test{Passed: 2, Failed: 1, Failing: []string{"a"}, Problems: []string{"3 of 2 planned tests ran"}, Warnings: []string{"the number 1 is there twice"}},
		},
		"numbers out of order": {
			"ok 3 a\nok 1 b\nok 2 c\n",
			matrix.Test{Passed: 3, Warnings: []string{"the number 1 is out of order, behind 3, and 1 more"}},
		},
		"numbers that are missing": {
			"KTAP version 1\n  1..2\n  ok 1 a\n  ok 5 b\nok 1 suite\n",
			matrix.Test{Passed: 2, Warnings: []string{"suite/the number 2 is missing, and 2 more"}},
		},
		"a suite without cases": {
			"KTAP version 1\n1..4\n    KTAP version 1\n    # Subtest: one\n    1..0\nok 1 one\n    KTAP version 1\nok 2 two\n    # Subtest: three\nok 3 three\n    1..1\n    ok 1 a\nok 4 four\n",
			matrix.Test{Passed: 1, Skipped: 3, Skips: []string{"one: it has no tests", "two: it has no tests", "three: it has no tests"}, Warnings: []string{"one/it has no tests", "two/it has no tests", "three/it has no tests"}},
		},
		"a suite without cases fails": {
			"KTAP version 1\n1..1\n  KTAP version 1\n  1..0\nnot ok 1 one\n",
			matrix.Test{Failed: 1, Failing: []string{"one"}},
		},
		"a suite is skipped by its plan": {
			"KTAP version 1\n1..1\n  KTAP version 1\n  1..0 # SKIP no device\nok 1 one\n",
			matrix.Test{Skipped: 1, Skips: []string{"one: no device"}},
		},
		"a suite whose result is missing": {
			"KTAP version 1\n1..2\n  KTAP version 1\n  1..1\n  ok 1 a\n  KTAP version 1\n  1..1\n  ok 1 b\nok 2 two\n",
			matrix.Test{Passed: 2, Problems: []string{"the test that has these subtests has no result", "1 of 2 planned tests ran"}},
		},
		"a suite that is expected to fail": {
			"KTAP version 1\n1..1\n  1..2\n  ok 1 a\n  not ok 2 b\nnot ok 1 suite # XFAIL\n",
			matrix.Test{Passed: 1, Expected: 1},
		},
		"indented as a whole": {"  KTAP version 1\n  1..1\n  ok 1 a\n", matrix.Test{Passed: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, parse(test.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestALongReportIsCountedAndItsNamesAreCapped(t *testing.T) {
	var text strings.Builder
	text.WriteString("1..100000\n")
	for i := range 100000 {
		fmt.Fprintf(&text, "not ok %d a\n", i+1)
	}
	got := parse(text.String())
	if got.Failed != 100000 || len(got.Failing) != matrix.MaxNames || len(got.Problems) > 0 {
		t.Errorf("%d failed, %d names, problems %v", got.Failed, len(got.Failing), got.Problems)
	}
	if got := parse("1..1\nok 1 " + strings.Repeat("x", 1<<20) + "\n"); got.Passed != 1 {
		t.Errorf("a long line gave %+v", got)
	}
}

// FuzzParser holds that the report's parts may come in any pieces, that nothing
// is counted twice, and that what is kept is bounded.
func FuzzParser(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("there are no reports to begin with (%v)", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), uint8(7))
	}
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		whole := parse(text)
		var p Parser
		for rest := []byte(text); len(rest) > 0; {
			n := min(int(size)+1, len(rest))
			_, _ = p.Write(rest[:n])
			rest = rest[n:]
		}
		if diff := cmp.Diff(whole, p.Finish()); diff != "" {
			t.Errorf("in pieces of %d it is another: %s", int(size)+1, diff)
		}
		lines := strings.Count(text, "\n") + 1
		if n := whole.Ran() + whole.Skipped; n > lines || whole.Failed < len(whole.Failing) {
			t.Errorf("%d lines have %d tests; %d failed, of which %d have names", lines, n, whole.Failed, len(whole.Failing))
		}
		kept := 0
		for _, list := range [][]string{whole.Failing, whole.Skips, whole.Problems, whole.Warnings, whole.Diagnostics} {
			if len(list) > matrix.MaxNames {
				t.Errorf("%d texts are kept", len(list))
			}
			for _, s := range list {
				kept += len(s)
			}
		}
		if outcome, _ := whole.Outcome(); outcome == matrix.Pass && (whole.Failed > 0 || whole.Ran() == 0 || len(whole.Problems) > 0) {
			t.Errorf("it passes with %+v", whole)
		}
		if kept > 5*matrix.MaxNames*matrix.MaxText {
			t.Errorf("%d bytes are kept", kept)
		}
	})
}
