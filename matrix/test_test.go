package matrix

import (
	"strings"
	"testing"
)

func TestWhatAProgramSaysOfItself(t *testing.T) {
	for name, test := range map[string]struct {
		t       Test
		outcome Outcome
		why     string
		shown   string
	}{
		"exit 0":          {Test{ResultFormat: FormatExit, Passed: 1}, Pass, "", "ok"},
		"exit 3":          {Test{ResultFormat: FormatExit, ExitCode: 3, Failed: 1, Failing: []string{"x"}}, Fail, "exit code 3", "exit 3"},
		"two programs":    {Test{ResultFormat: FormatExit, ExitCode: 1, Passed: 1, Failed: 1, Failing: []string{"x.sh"}}, Fail, "1 of 2 failed: x.sh", "1 of 2 failed"},
		"ktap":            {Test{ResultFormat: FormatKTAP, Passed: 4, Expected: 1}, Pass, "", "ok 5"},
		"ktap of one":     {Test{ResultFormat: FormatKTAP, Passed: 1}, Pass, "", "ok 1"},
		"ktap skips":      {Test{ResultFormat: FormatKTAP, Passed: 4, Skipped: 1}, Pass, "", "ok 4, 1 skipped"},
		"ktap fails":      {Test{ResultFormat: FormatKTAP, Passed: 3, Failed: 2, Failing: []string{"a", "b"}}, Fail, "2 of 5 failed: a, b", "2 of 5 failed"},
		"many fail":       {Test{ResultFormat: FormatKTAP, Failed: 60, Failing: []string{"a", "b", "c", "d"}}, Fail, "60 of 60 failed: a, b, c and 57 more", "60 of 60 failed"},
		"a plan not kept": {Test{ResultFormat: FormatKTAP, Passed: 4, Problems: []string{"4 of 5 planned tests ran"}}, Fail, "4 of 5 planned", "broken after 4"},
		"all skipped":     {Test{ResultFormat: FormatKTAP, Skipped: 2, Skips: []string{"a: no", "b: no"}}, Unsupported, "skipped: a: no, b: no", "unsupported"},
		"ltp passes":      {Test{ResultFormat: FormatLTP, Passed: 1}, Pass, "", "ok"},
		"ltp fails":       {Test{ResultFormat: FormatLTP, ExitCode: 5, Failed: 1}, Fail, "exit code 5: failed (TFAIL), warned (TWARN)", "exit 5"},
		"ltp is broken":   {Test{ResultFormat: FormatLTP, ExitCode: 2, Failed: 1}, Fail, "broken (TBROK)", "exit 2"},
		"ltp says why":    {Test{ResultFormat: FormatLTP, ExitCode: 3, Failed: 1, Diagnostics: []string{"a.c:5: TFAIL: x", "a.c:6: TBROK: y"}}, Fail, "exit code 3: failed (TFAIL), broken (TBROK): a.c:5: TFAIL: x", "exit 3"},
		"ltp lacks":       {Test{ResultFormat: FormatLTP, ExitCode: 32, Skipped: 1, Skips: []string{"x: TCONF: no such device"}}, Unsupported, "skipped: x: TCONF: no such device", "unsupported"},
		"no ltp":          {Test{ResultFormat: FormatLTP, ExitCode: 127, Failed: 1}, Fail, "none of LTP's", "exit 127"},
	} {
		outcome, why := test.t.Outcome()
		if outcome != test.outcome || !strings.Contains(why, test.why) || (why == "") != (outcome == Pass) {
			t.Errorf("%s: %s, %q; want %s, …%q…", name, outcome, why, test.outcome, test.why)
		}
		if shown := test.t.String(); shown != test.shown {
			t.Errorf("%s: shown as %q, want %q", name, shown, test.shown)
		}
	}
	a, b := Test{ResultFormat: FormatKTAP, Passed: 1, Failed: 1, Failing: []string{"a"}}, Test{ResultFormat: FormatKTAP, Passed: 1, Failed: 1, Failing: []string{"b"}}
	if a.Equal(b) || !a.Equal(a) {
		t.Error("it does not matter which tests fail")
	}
}
