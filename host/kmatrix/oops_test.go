package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOopsOfLogs reads logs of elsewhere: by name, several, on the standard input, as
// JSON; without a report; and what is no log.
func TestOopsOfLogs(t *testing.T) {
	const logs = "../oops/testdata/dashboard/"
	out, errs, code := command(t, "oops", logs+"irq.log")
	want := "KASAN: slab-use-after-free Read in rx_handler\n"
	if code != exitDone || errs != "" || !strings.HasPrefix(out, want) || !strings.Contains(out, ": kasan\n    rx_handler\n    net_rx_action\n") {
		t.Errorf("exit code %d, printed %q and %q", code, out, errs)
	}
	file := filepath.Join(t.TempDir(), "reports.json")
	if out, errs, code = command(t, "oops", "--json", "-o", file, logs+"irq.log", logs+"seggpf.log"); code != exitDone || out != "" || errs != "" {
		t.Errorf("exit code %d, printed %q and %q", code, out, errs)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Version int
		Reports []struct{ Title, Log, Fingerprint, Text string }
	}
	if err := json.Unmarshal(text, &doc); err != nil || doc.Version != 1 || len(doc.Reports) != 2 || doc.Reports[1].Title != "general protection fault in iret_bad" ||
		doc.Reports[1].Log != logs+"seggpf.log" || len(doc.Reports[0].Fingerprint) != 16 || !strings.Contains(doc.Reports[0].Text, "Read of size 8") {
		t.Errorf("%+v (%v)", doc, err)
	}
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), strings.NewReader("[    1.000000] all is well\n"), &stdout, &stderr, []string{"oops", "-"}); code != exitDone || stdout.String() != "no report\n" {
		t.Errorf("a log without a report: exit code %d, printed %q and %q", code, stdout.String(), stderr.String())
	}
	for name, args := range map[string][]string{"no file": {"oops"}, "not there": {"oops", "nope.log"}, "a directory": {"oops", t.TempDir()}} {
		if _, errs, code := command(t, args...); code != exitWrongUse || !strings.Contains(errs, "log of a kernel, or - for the standard input") {
			t.Errorf("%s: exit code %d, printed %q", name, code, errs)
		}
	}
}
