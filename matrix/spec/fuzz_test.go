package spec

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"kmatrix/matrix"
)

// FuzzLoad reads a kernels.yaml: it is refused with lines and mends, or can be
// planned.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("there are %d files to begin with (%v)", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Load(bytes.NewReader(text), "kernels.yaml", testKnown)
		if err != nil {
			var bad *Error
			if !errors.As(err, &bad) || len(bad.Problems) == 0 {
				t.Errorf("%v is no error that tells what is wrong", err)
			}
			return
		}
		plan, err := s.Plan(Selection{}, testKnown)
		var none *SelectionError
		if err != nil {
			if !errors.As(err, &none) {
				t.Errorf("plan: %v", err)
			}
			return
		}
		seen := map[string]bool{}
		for _, c := range plan.Cells() {
			if seen[c.ID()] {
				t.Errorf("the cell %s is planned twice", c.ID())
			}
			seen[c.ID()] = true
		}
		for _, m := range plan.Machines {
			if m.MemoryMiB <= 0 || m.CPUs <= 0 || m.Boots < 0 {
				t.Errorf("a machine is %+v", m)
			}
		}
		for _, k := range plan.Kernels {
			if k.Name == "" || k.Contract != "" && !k.Contract.Allows(matrix.Stable) {
				t.Errorf("a kernel is %+v", k)
			}
		}
	})
}
