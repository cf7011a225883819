package spec

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

func TestExternalProbesAreAskedWhereTheyAreDeclared(t *testing.T) {
	s, err := LoadFile("testdata/good/external.yaml", testKnown)
	if err != nil {
		t.Fatal(err)
	}
	want := []matrix.Probe{
		{Name: "external/old-or-new", Kind: matrix.External, Summary: "what of a file arrives", Program: &matrix.Program{Kind: matrix.ProgramC, Path: "ok.c", Args: []string{"file"}, ResultFormat: matrix.FormatExit}},
		{Name: "external/script", Kind: matrix.External, Summary: "Runs ok.sh, as kernels.yaml says.", Program: &matrix.Program{Kind: matrix.ProgramExec, Path: "ok.sh", ResultFormat: matrix.FormatKTAP, Deadline: 2 * time.Minute}},
		{Name: "external/splice01_a", Kind: matrix.External, Summary: "Runs ok.sh, as kernels.yaml says.", Program: &matrix.Program{Kind: matrix.ProgramExec, Path: "ok.sh", ResultFormat: matrix.FormatLTP, ScratchMiB: 1024}},
		{Name: "external/selftests", Kind: matrix.External, Summary: "Runs tools/testing/selftests/splice, as kernels.yaml says.", Program: &matrix.Program{Kind: matrix.ProgramTree, Path: "tools/testing/selftests/splice", ResultFormat: matrix.FormatExit}},
	}
	if diff := cmp.Diff(want, s.External); diff != "" {
		t.Error(diff)
	}
	if len(testKnown.Probes) != 3 {
		t.Error("reading a file changed what is known")
	}
	for pattern, cells := range map[string]int{"external": 4, "external/...": 4, "external/*": 4, "external/script": 1, "external/splice01_a": 1, "external/splice0?_*": 1, "...": 6} {
		plan, err := s.Plan(Selection{Probes: []string{pattern}}, testKnown)
		if err != nil || len(plan.Cells()) != cells || plan.Probes[len(plan.Probes)-1].Program == nil {
			t.Errorf("%s: %d cells (%v)", pattern, len(plan.Cells()), err)
		}
	}
	if _, err := load(t, small).Plan(Selection{Probes: []string{"external/script"}}, testKnown); err == nil {
		t.Error("a file that declares none can be asked for one")
	}
}
