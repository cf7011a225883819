package store

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/matrix"
)

// TestConfigurationsAreKept beside the run, and only where they are the kernel's.
func TestConfigurationsAreKept(t *testing.T) {
	r, _ := create(t)
	const text = "# Linux/x86 6.1.192 Kernel Configuration\nCONFIG_SMP=y\n"
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	if err := r.Update(func(run *matrix.Run) {
		run.Kernels = []matrix.Column{{Name: "6.1", ConfigDigest: sum, Config: text}, {Name: "without"}}
	}); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	resumed, warnings, err := Resume(r.Dir())
	if err != nil || len(warnings) > 0 || resumed.Header().Kernels[0].Config != text {
		t.Fatalf("going on with it: %q, %v", warnings, err)
	}
	if err := resumed.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(r.Dir())
	if err != nil || len(s.Warnings) > 0 || s.Run.Kernels[0].Config != text || s.Run.Kernels[1].Config != "" {
		t.Fatalf("read %+v, %v", s, err)
	}
	file := filepath.Join(r.Dir(), dirConfigs, "6.1.config")
	if err := os.WriteFile(file, []byte(text+"CONFIG_KASAN=y\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err = Open(r.Dir())
	if err != nil || len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "is not the configuration that 6.1 was run with") || s.Run.Kernels[0].Config != "" {
		t.Errorf("read another configuration: %+v, %v", s, err)
	}
}
