package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/golden"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/report"
	"kmatrix/matrix/store"
)

// keptRun is a run that kmatrix made at commit c493e26: two boots of five kernels and
// one that could not be had, with probes of each kind, costs that differ and their
// profiles. Its README says how it was made.
const keptRun = "testdata/c493e26/run"

// TestAStoredRunStaysReadable holds the tables of the run to what c493e26 itself
// printed of it.
func TestAStoredRunStaysReadable(t *testing.T) {
	stored, err := store.Open(keptRun)
	if err != nil {
		t.Fatal(err)
	}
	if len(stored.Warnings) > 0 {
		t.Errorf("it is read with the warnings %q", stored.Warnings)
	}
	table, _ := report.Lookup("table")
	doc := report.Document{Run: stored.Run, Results: stored.Results, Profiles: stored.Profiles, Dir: keptRun, Comparison: compare.Compare(stored.Run, stored.Results)}
	doc.Comparison.Locate(doc.Profiles)
	for name, options := range map[string]report.Options{"80": {Width: 80}, "160": {Width: 160}, "all": {Width: 100, All: true}} {
		doc.Options = options
		var b bytes.Buffer
		if err := table.Write(&b, doc); err != nil {
			t.Fatal(err)
		}
		golden.Assert(t, b.String(), filepath.Join("c493e26", "table-"+name+".txt"))
	}
}

// TestSummariesStopBeforeTheTable: report and compare write what their table begins with,
// and no more.
func TestSummariesStopBeforeTheTable(t *testing.T) {
	for _, args := range [][]string{{"report", keptRun}, {"compare", keptRun, "--baseline", "6.12-built"}} {
		long, _, _ := command(t, args...)
		short, errs, code := command(t, append(args, "--summary")...)
		if code != exitDone || errs != "" {
			t.Fatalf("%q: exit code %d, %q", args, code, errs)
		}
		lines := strings.Split(strings.TrimSuffix(short, "\n"), "\n")
		if !strings.HasPrefix(long, short) || len(long) < 2*len(short) || len(lines) > 25 || strings.Contains(short, "────") {
			t.Errorf("%q: it is no summary of\n%s\n%s", args, long, short)
		}
		for _, want := range []string{"6.12-built", "zeroed", "▲ 4.79×", "unavailable"} {
			if !strings.Contains(short, want) {
				t.Errorf("%q: it says nothing of %s:\n%s", args, want, short)
			}
		}
	}
	file := filepath.Join(t.TempDir(), "run.json")
	if out, errs, code := command(t, "report", keptRun, "--summary", "--format", "table", "--format", "json="+file); code != exitDone || strings.Contains(out, "────") {
		t.Errorf("exit code %d, %q\n%s", code, errs, out)
	}
	text, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(text, []byte(`"results"`)) {
		t.Errorf("the document is cut, too: %v", err)
	}
}

// TestAStoredRunKeepsItsVerdicts wants every field that the JSON of c493e26 has, with
// its value; more may stand beside them.
func TestAStoredRunKeepsItsVerdicts(t *testing.T) {
	for name, args := range map[string][]string{
		"report.json":  {"report", keptRun, "--json"},
		"base.json":    {"compare", keptRun, "--json", "--baseline", "6.12-built"},
		"explain.json": {"explain", keptRun, "splice-fix-corruption", "cost/splice-file-pipe/64k", "--json"},
	} {
		out, errs, code := command(t, args...)
		if code != exitDone || errs != "" {
			t.Fatalf("%s: exit code %d, %q", name, code, errs)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		leaveVerdicts(got)
		file := filepath.Join("testdata/c493e26", name)
		if golden.FlagUpdate() {
			text, err := json.MarshalIndent(got, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]any
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if len(want) == 0 {
			t.Errorf("%s holds nothing", file)
		}
		for _, l := range lacks("", want, got) {
			t.Errorf("%s: %s", name, l)
		}
	}
}

// TestAStoredRunIsExplained holds what explain says of cells of each kind.
func TestAStoredRunIsExplained(t *testing.T) {
	var all strings.Builder
	for _, cell := range [][]string{
		{"6.1", "stability/splice/punch/xfs/readahead"}, {"splice-fix-corruption", "cost/splice-file-pipe/64k"}, {"6.12", "stress/splice-race/mmap/tmpfs"},
		{"splice-fix-corruption", "external/old-or-new"}, {"5.15", "stability/splice/punch/xfs/dirty"},
	} {
		out, errs, code := command(t, append([]string{"explain", keptRun}, cell...)...)
		if code != exitDone || errs != "" {
			t.Fatalf("%s: exit code %d, %q", cell, code, errs)
		}
		for line := range strings.Lines(out) {
			// How a guest is booted by hand is no part of what became of a cell.
			if !strings.HasPrefix(line, "  by hand") {
				all.WriteString(line)
			}
		}
	}
	golden.Assert(t, all.String(), filepath.Join("c493e26", "explain.txt"))
}

// TestAStoredRunEqualsItself compares it with a copy: nothing differs.
func TestAStoredRunEqualsItself(t *testing.T) {
	again := filepath.Join(t.TempDir(), "again")
	if err := os.CopyFS(again, os.DirFS(keptRun)); err != nil {
		t.Fatal(err)
	}
	for _, kernel := range []string{"6.1", "splice-fix-corruption"} {
		out, errs, code := command(t, "compare", keptRun, again, "--baseline", kernel+"@1", "--json")
		if code != exitDone || errs != "" {
			t.Fatalf("exit code %d, %q", code, errs)
		}
		var doc struct {
			Comparison []struct {
				Kernel, Cell, Verdict string
				Costs                 []struct{ Against, Verdict string }
			}
		}
		if err := json.Unmarshal([]byte(out), &doc); err != nil {
			t.Fatal(err)
		}
		same := 0
		for _, c := range doc.Comparison {
			if c.Kernel != kernel+"@2" {
				continue
			}
			for _, k := range c.Costs {
				if k.Against == kernel+"@1" && k.Verdict != "same" {
					t.Errorf("%s costs %q beside itself", c.Cell, k.Verdict)
				}
			}
			if len(c.Costs) == 0 && c.Verdict != "same" {
				t.Errorf("%s is %q beside itself", c.Cell, c.Verdict)
			}
			same++
		}
		if same < 25 {
			t.Errorf("only %d cells of %s were compared", same, kernel)
		}
	}
}

// leaveVerdicts takes from a document what was stored, and how a guest is booted by hand.
func leaveVerdicts(doc map[string]any) {
	for _, stored := range []string{"run", "kernels", "results", "profiles"} {
		delete(doc, stored)
	}
	cells, _ := doc["cells"].([]any)
	for _, c := range cells {
		if c, ok := c.(map[string]any); ok {
			for _, stored := range []string{"by_hand", "repro", "column", "guests", "profile", "sample"} {
				delete(c, stored)
			}
		}
	}
}

// lacks lists what of want is not in got, or is another there.
func lacks(at string, want, got any) []string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		var list []string
		for name := range w {
			if _, ok := g[name]; !ok {
				list = append(list, at+"."+name+" is missing")
				continue
			}
			list = append(list, lacks(at+"."+name, w[name], g[name])...)
		}
		return list
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			break
		}
		var list []string
		for i := range w {
			list = append(list, lacks(fmt.Sprintf("%s[%d]", at, i), w[i], g[i])...)
		}
		return list
	default:
		// Sums may be taken in another order.
		if cmp.Equal(want, got, cmpopts.EquateApprox(1e-9, 0)) {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s is %v, want %v", at, got, want)}
}

// TestWhatAPolicyConcludedIsReadWithTheRun has a policy that there is not say something of
// a run, which every command that writes runs tells in every format.
func TestWhatAPolicyConcludedIsReadWithTheRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(dir, os.DirFS(keptRun)); err != nil {
		t.Fatal(err)
	}
	st, _, err := store.Resume(dir)
	if err != nil {
		t.Fatal(err)
	}
	omen := matrix.Assessment{
		Policy: "omen", Made: time.Now(), Verdict: matrix.PolicyFail, Summary: "the birds fly low",
		Reasons: []matrix.Reason{{Verdict: matrix.PolicyFail, Kind: "flight", Text: "a crow said \x1b[2J\nPASS", Kernel: "6.12", Rule: "omens.yaml:17"}},
		Details: json.RawMessage(`{"birds":3}`),
	}
	if err := errors.Join(st.Assess(omen), st.Close()); err != nil {
		t.Fatal(err)
	}
	for _, of := range []string{"report", "compare"} {
		for _, name := range report.Names() {
			out, errs, code := command(t, of, dir, "--format", name)
			if code != exitDone || errs != "" || strings.Contains(out, "\x1b") {
				t.Fatalf("%s, %s: exit code %d, %q", of, name, code, errs)
			}
			for _, want := range []string{"omen", "FAIL", "the birds fly low", "a crow said ·[2J·PASS", "omens.yaml:17"} {
				if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
					t.Errorf("%s, %s: no %q in\n%.2000s", of, name, want, out)
				}
			}
		}
	}
}
