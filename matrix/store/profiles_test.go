package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

func TestProfilesAreKept(t *testing.T) {
	r, _ := create(t)
	want := []matrix.Profile{
		{Kernel: "a", Machine: "m", Probe: "cost/x", Cell: "a/m/cost/x", Boot: 4, ProfileCounts: matrix.ProfileCounts{Samples: 3, Passes: 2, User: 1, Functions: []matrix.FunctionSamples{{Name: "copy_page", Module: "xfs", Samples: 2}}}},
		{Kernel: "b", Machine: "m", Probe: "cost/x", Cell: "b/m/cost/x", Boot: 4, Missing: "the kernel has no perf event"},
	}
	for _, p := range want {
		if err := r.AppendProfile(p); err != nil {
			t.Fatal(err)
		}
	}
	r.Close()
	got, err := Open(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Profiles); diff != "" || len(got.Warnings) > 0 {
		t.Errorf("%s %q", diff, got.Warnings)
	}
	file := filepath.Join(r.Dir(), fileProfiles)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text[:len(text)-5], 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err = Open(r.Dir()); err != nil || len(got.Profiles) != 1 || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "profiles.jsonl:2: the last line is torn") {
		t.Errorf("torn: %d profiles, %q, %v", len(got.Profiles), got.Warnings, err)
	}
	if err := os.WriteFile(file, []byte("nonsense\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := Open(r.Dir()); err != nil || len(got.Profiles) > 0 || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "profiles.jsonl:1: is no such line") {
		t.Errorf("nonsense: %+v, %v", got, err)
	}
}

// TestALaterProfileCounts has a run that is resumed profile a cell again.
func TestALaterProfileCounts(t *testing.T) {
	r, _ := create(t)
	first := matrix.Profile{Cell: "a/m/cost/x", Missing: "hang: no answer"}
	if err := r.AppendProfile(first); err != nil {
		t.Fatal(err)
	}
	r.Close()
	r, _, err := Resume(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	later := matrix.Profile{Cell: "a/m/cost/x", ProfileCounts: matrix.ProfileCounts{Samples: 1, User: 1}}
	if err := r.AppendProfile(later); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Profiles(); err != nil || len(got) != 1 || got[0].Samples != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
