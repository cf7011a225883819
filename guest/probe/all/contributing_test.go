package all

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheProbeOfTheGuideIsOne puts the file that docs/contributing.md shows into its place
// and has the contract of the registry tested with it.
func TestTheProbeOfTheGuideIsOne(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs/contributing.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```go\n")
	code, _, found := strings.Cut(rest, "```")
	if !found || !strings.HasPrefix(code, "package stability\n") {
		t.Fatal("docs/contributing.md shows no probe")
	}
	if n := strings.Count(code, "\n"); n >= 40 {
		t.Errorf("the probe of docs/contributing.md has %d lines", n)
	}
	dir := t.TempDir()
	file, overlay := filepath.Join(dir, "onepage.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, "guest/probe/stability/onepage.go"): file}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, list, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"test", "-overlay", overlay, "-run", "^TestRegistry$", "./guest/probe/all"},
		{"run", "-overlay", overlay, "./host/kmatrix", "probes", "stability/splice-page/punch/xfs/readahead"},
	} {
		cmd := exec.Command("go", args...)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		if args[0] == "run" && !strings.Contains(string(out), "a page at a time") {
			t.Errorf("it is explained as\n%s", out)
		}
	}
}
