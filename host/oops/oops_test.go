package oops

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"gotest.tools/v3/golden"

	"kmatrix/matrix"
)

// expected is what a report's golden file holds of it.
type expected struct {
	matrix.CrashReport
	Registers int
	Stack     int
	First     string
	Last      string
}

// TestRealConsoles reads each console of testdata/consoles and compares its reports
// with those beside it. ORIGIN.md there says where each console is from.
func TestRealConsoles(t *testing.T) {
	files, err := filepath.Glob("testdata/consoles/*.log")
	if err != nil || len(files) < 80 {
		t.Fatalf("there are %d consoles (%v)", len(files), err)
	}
	origin, err := os.ReadFile("testdata/consoles/ORIGIN.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[matrix.CrashKind]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".log")
		t.Run(name, func(t *testing.T) {
			group, _, _ := strings.Cut(name, "-")
			if !strings.Contains(string(origin), "`"+group+"-") {
				t.Error("ORIGIN.md does not say where it is from")
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			reports := Parse(string(text))
			list := []expected{}
			for _, r := range reports {
				seen[r.Kind] = true
				lines := strings.Split(strings.TrimSuffix(r.Text, "\n"), "\n")
				list = append(list, expected{r, len(r.Registers), len(r.Stack), lines[0], lines[len(lines)-1]})
			}
			got, err := json.MarshalIndent(list, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			golden.Assert(t, string(got)+"\n", filepath.Join("consoles", name+".json"))
		})
	}
	for _, k := range matrix.CrashKinds {
		if !seen[k] {
			t.Errorf("no console has a report of the kind %s", k)
		}
	}
}

// check fails where a report is not fit to be shown.
func check(t *testing.T, reports []matrix.CrashReport) {
	t.Helper()
	if len(reports) > MaxReports {
		t.Fatalf("%d reports", len(reports))
	}
	prints := map[string]bool{}
	for _, r := range reports {
		if r.Title == "" || len(r.Title) > maxTitle || strings.ContainsFunc(r.Title, func(c rune) bool { return c < 0x20 || c > 0x7e || strings.ContainsRune(`<>&"`, c) }) {
			t.Fatalf("the title is %q", r.Title)
		}
		if r.Kind == "" || r.Count < 1 || len(r.Fingerprint) != 16 || prints[r.Fingerprint] || len(r.Frames) > matrix.MaxFrames {
			t.Fatalf("the report is %+v", r)
		}
		prints[r.Fingerprint] = true
		if len(r.Text) > MaxText || !utf8.ValidString(r.Text) || strings.ContainsFunc(r.Text, func(c rune) bool { return c != '\n' && (c < 0x20 || c >= 0x7f && c < 0xa0) }) {
			t.Fatalf("the text is %q", r.Text)
		}
	}
}

// FuzzReports feeds anything to the parser.
func FuzzReports(f *testing.F) {
	files, err := filepath.Glob("testdata/consoles/*.log")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text[:min(len(text), 4<<10)])
	}
	f.Fuzz(func(t *testing.T, text []byte) { check(t, Parse(string(text))) })
}
