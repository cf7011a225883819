package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/golden"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"kmatrix/matrix"
)

var testKnown = Known{
	Build:  matrix.Build{Name: "default", Config: "tiny", Fragments: []string{"kmatrix.config"}},
	Probes: []matrix.Probe{{Name: "cost/splice/64k"}, {Name: "stability/splice/punch/xfs/readahead"}, {Name: "stability/splice/write/xfs/dirty"}},
	Sources: []matrix.SourceKind{
		{Name: "deb", Fields: []matrix.SourceField{
			{Name: "deb", Doc: "the package", Required: true, Pattern: `linux-[a-z0-9-]+`, Example: "linux-image-amd64"},
			{Name: "suite", Doc: "the suite", Required: true, Pattern: `[a-z-]+`, Example: "bookworm"},
		}},
		{Name: "tree", Builds: true, Fields: []matrix.SourceField{{Name: "tree", Doc: "the path", Required: true, Example: "linux"}}},
		{Name: "image", Fields: []matrix.SourceField{{Name: "image", Doc: "the path", Required: true, Example: "bzImage"}, {Name: "modules", Doc: "the modules", Example: "lib/modules/6.1"}}},
	},
}

// semantic are bad files that a JSON Schema cannot tell: it does not see names
// that must be equal or differ, anchors, or what probes there are.
var semantic = []string{"duplicate-names", "unknown-baseline", "unknown-pattern", "anchors", "several-documents", "memory-range", "duplicate-keys", "syntax", "empty", "unknown-build", "base-unknown", "base-circle", "base-not-built", "series-not-built", "external-names", "external-missing", "baseline-on-request"}

// TestBadFiles reads every file in testdata/bad and compares the errors with
// those beside it. The schema must refuse the same files.
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 15 {
		t.Fatalf("there are %d bad files (%v)", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			_, err := LoadFile(file, testKnown)
			var bad *Error
			if !errors.As(err, &bad) {
				t.Fatalf("error %v, want an *Error", err)
			}
			golden.Assert(t, bad.Error()+"\n", filepath.Join("bad", name+".txt"))
			only := false
			for _, s := range semantic {
				only = only || s == name
			}
			if err := schemaSays(t, file); err == nil && !only {
				t.Error("the schema accepts it")
			}
		})
	}
}

func TestGoodFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) < 2 {
		t.Fatalf("there are %d good files (%v)", len(files), err)
	}
	for _, file := range files {
		if _, err := LoadFile(file, testKnown); err != nil {
			t.Error(err)
		}
		if err := schemaSays(t, file); err != nil {
			t.Errorf("%s: the schema says: %v", file, err)
		}
	}
}

// schemaSays validates a file by the schema.
func schemaSays(t *testing.T, file string) error {
	t.Helper()
	text, err := Schema(testKnown)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := yaml.Unmarshal(source, &v); err != nil {
		return err
	}
	asJSON, err := json.Marshal(v)
	if err != nil {
		return err
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return err
	}
	return schema.Validate(instance)
}

func load(t *testing.T, text string) *Spec {
	t.Helper()
	s, err := Load(strings.NewReader(text), "test.yaml", testKnown)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const small = `version: 1
baseline: b
kernels:
  - {name: a, source: {image: one}}
  - {name: b, contract: snapshot, source: {deb: linux-image-amd64, suite: bookworm}, append: "x y"}
`

func TestDefaults(t *testing.T) {
	s := load(t, small)
	want := []matrix.Kernel{
		{Name: "a", Source: matrix.Source{Kind: "image", Fields: map[string]string{"image": "one"}}},
		{Name: "b", Contract: matrix.Snapshot, Source: matrix.Source{Kind: "deb", Fields: map[string]string{"deb": "linux-image-amd64", "suite": "bookworm"}}, Append: "x y"},
	}
	if diff := cmp.Diff(want, s.Kernels); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]matrix.Machine{Default}, s.Machines); diff != "" {
		t.Error(diff)
	}
}

func TestMachines(t *testing.T) {
	s := load(t, small+`machines:
  - {name: m, probes: ["cost"], memory: 2GiB, cpus: 4, accel: tcg, clock: wall, cpu: "max,-erms", isolate: boot, boots: 5}
  - {name: n, probes: ["stability/..."]}
run: {boots: auto}
debian: {mirror: "http://localhost/debian/"}
`)
	want := []matrix.Machine{
		{Name: "m", MemoryMiB: 2048, CPUs: 4, Accel: matrix.AccelTCG, Clock: matrix.ClockWall, CPU: "max,-erms", Isolate: matrix.IsolateBoot, Probes: []string{"cost"}, Boots: 5},
		{Name: "n", MemoryMiB: 512, CPUs: 1, Accel: matrix.AccelAuto, Clock: matrix.ClockAuto, CPU: "max", Isolate: matrix.IsolateAuto, Probes: []string{"stability/..."}, Boots: matrix.BootsAuto},
	}
	if diff := cmp.Diff(want, s.Machines); diff != "" {
		t.Error(diff)
	}
	if s.Debian.Mirror != "http://localhost/debian" {
		t.Errorf("the mirror is %q", s.Debian.Mirror)
	}
	plan, err := s.Plan(Selection{}, testKnown)
	if err != nil {
		t.Fatal(err)
	}
	// Of boots that are decided later one is certain.
	if n := plan.Total(); n != 2*(5*1+1*2) || len(plan.Cells()) != 6 {
		t.Errorf("%d results of %d cells", n, len(plan.Cells()))
	}
}

func TestBuilds(t *testing.T) {
	s := load(t, `version: 1
baseline: a
kernels:
  - {name: a, source: {tree: linux}}
  - {name: b, source: {tree: linux}, build: old}
builds:
  old: {config: my.config, fragments: [], make: {WERROR: "0"}}
`)
	if s.Kernels[0].Build != "default" || s.Kernels[1].Build != "old" {
		t.Errorf("kernels %+v", s.Kernels)
	}
	want := []matrix.Build{{Name: "old", Config: "my.config", Make: map[string]string{"WERROR": "0"}}, testKnown.Build}
	if diff := cmp.Diff(want, s.Builds); diff != "" {
		t.Error(diff)
	}
}

func TestBases(t *testing.T) {
	s := load(t, `version: 1
baseline: a
kernels:
  - {name: c, base: b, series: [two]}
  - {name: b, base: a, series: [one]}
  - {name: a, source: {tree: linux}, build: old, series: [zero]}
builds:
  old: {config: my.config}
`)
	tree := matrix.Source{Kind: "tree", Fields: map[string]string{"tree": "linux"}}
	want := []matrix.Kernel{
		{Name: "c", Base: "a", Series: []string{"zero", "one", "two"}, Source: tree, Build: "old"},
		{Name: "b", Base: "a", Series: []string{"zero", "one"}, Source: tree, Build: "old"},
		{Name: "a", Series: []string{"zero"}, Source: tree, Build: "old"},
	}
	if diff := cmp.Diff(want, s.Kernels); diff != "" {
		t.Error(diff)
	}
}

func TestSelection(t *testing.T) {
	s := load(t, small)
	for name, test := range map[string]struct {
		sel      Selection
		cells    int
		baseline string
		fail     string
	}{
		"all":                  {Selection{}, 6, "b", ""},
		"one kernel":           {Selection{Kernels: []string{"a"}}, 3, "a", ""},
		"a part of the probes": {Selection{Probes: []string{"stability/splice/punch"}}, 2, "b", ""},
		"two patterns":         {Selection{Probes: []string{"cost/...", "stability/*/write/..."}}, 4, "b", ""},
		"unknown kernel":       {Selection{Kernels: []string{"c"}}, 0, "", "-k c: is no kernel of test.yaml; allowed are a, b"},
		"unknown probe":        {Selection{Probes: []string{"cost/splise/64k"}}, 0, "", `-p cost/splise/64k: matches no probe; did you mean "cost/splice/64k"?`},
	} {
		plan, err := s.Plan(test.sel, testKnown)
		if test.fail != "" {
			if err == nil || !strings.Contains(err.Error(), test.fail) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || len(plan.Cells()) != test.cells || plan.Baseline != test.baseline {
			t.Errorf("%s: %d cells, baseline %s, %v", name, len(plan.Cells()), plan.Baseline, err)
		}
	}
	only := load(t, small+"machines: [{name: m, probes: [cost]}]\n")
	if _, err := only.Plan(Selection{Probes: []string{"stability"}}, testKnown); err == nil || !strings.Contains(err.Error(), "that a machine of test.yaml runs") {
		t.Errorf("a probe that no machine runs gave %v", err)
	}
}

func TestHugeFileIsRefused(t *testing.T) {
	if _, err := Load(strings.NewReader(strings.Repeat("#", maxFile+1)), "f", testKnown); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("error %v", err)
	}
}

// TestAKernelOnRequest is in a plan only where it is named.
func TestAKernelOnRequest(t *testing.T) {
	s, err := Load(strings.NewReader("version: 1\nbaseline: a\nkernels:\n  - {name: a, source: {tree: a}}\n  - {name: b, default: false, source: {tree: b}}\n  - {name: c, default: true, source: {tree: c}}\n"), "test.yaml", testKnown)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ asked, want []string }{
		{nil, []string{"a", "c"}},
		{[]string{"b"}, []string{"b"}},
		{[]string{"b", "a"}, []string{"a", "b"}},
	} {
		plan, err := s.Plan(Selection{Kernels: c.asked}, testKnown)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, k := range plan.Kernels {
			got = append(got, k.Name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("of %v the plan has %v, want %v", c.asked, got, c.want)
		}
	}
}
