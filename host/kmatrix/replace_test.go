package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix/spec"
)

// TestReplaceSources puts files in a column's place; what they hold is not
// looked at yet.
func TestReplaceSources(t *testing.T) {
	dir := t.TempDir()
	tar := filepath.Join(dir, "linux-9.tar.xz")
	for _, f := range []string{tar, filepath.Join(dir, "bzImage")} {
		if err := os.WriteFile(f, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name             string
		values, selected []string
		kind, build      string
	}{
		{"a tree alone selects nothing", []string{"x=" + dir}, nil, "tree", "default"},
		{"a tarball", []string{"x=" + tar}, nil, "tarball", "default"},
		{"an image", []string{"x=" + filepath.Join(dir, "bzImage")}, nil, "image", ""},
		{"beside another name, it is chosen too", []string{"x=" + dir, "y"}, []string{"y", "x"}, "tree", "default"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := spec.LoadFile(write(t, one+"  - {name: y, source: {image: another}}\n"), known())
			if err != nil {
				t.Fatal(err)
			}
			got, err := replaceSources(s, tt.values)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.selected, got); d != "" {
				t.Errorf("what is selected (-want +got):\n%s", d)
			}
			if k := s.Kernels[0]; k.Source.Kind != tt.kind || k.Build != tt.build {
				t.Errorf("x is now %q built with %q, want %q with %q", k.Source.Kind, k.Build, tt.kind, tt.build)
			}
			if k := s.Kernels[1]; k.Source.Kind != "image" || k.Source.Fields["image"] != "another" {
				t.Errorf("y is now %q", k.Source.Kind)
			}
		})
	}
}
