package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/golden"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix/spec"
)

// command runs kmatrix and returns what it wrote and its exit code.
func command(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), strings.NewReader(""), &out, &errs, args)
	return out.String(), errs.String(), code
}

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kernels.yaml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// one is a matrix of one kernel that is no kernel.
const one = `version: 1
baseline: "x"
kernels:
  - name: "x"
    source: {image: no-such-bzImage}
`

func TestWrongUse(t *testing.T) {
	good, two := write(t, one), write(t, one+"  - {name: \"y\", source: {image: no-such-bzImage}}\n")
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no such command":   {[]string{"ruin"}, `there is no command "ruin"`},
		"no such flag":      {[]string{"run", "--kernels", "x"}, "unknown flag: --kernels"},
		"an argument":       {[]string{"run", "6.1"}, "chosen with -k"},
		"no such file":      {[]string{"run", "-f", "no-such.yaml"}, "no-such.yaml"},
		"no such kernel":    {[]string{"run", "-f", good, "-k", "y"}, "-k y: is no kernel of"},
		"none to replace":   {[]string{"run", "-f", good, "-k", "y=."}, `has no kernel "y" to replace`},
		"nothing there":     {[]string{"run", "-f", good, "-k", "x=no-such-path"}, "no-such-path: no such file"},
		"no such probe":     {[]string{"run", "-f", good, "-p", "stability/splise/..."}, "-p stability/splise/...: matches no probe"},
		"two selections":    {[]string{"run", "-f", good, "--all-probes", "-p", "cost"}, "--all-probes and -p: choose one"},
		"no guests":         {[]string{"run", "-f", good, "-j", "-1"}, "-j -1"},
		"no budget":         {[]string{"run", "-f", good, "-p", "stress", "--stress-for", "-1s"}, "want a time such as 30s"},
		"nothing to stress": {[]string{"run", "-f", good, "-p", "cost", "--stress-for", "9s"}, "no stress probe is asked"},
		"no such finding":   {[]string{"run", "-f", good, "--fail-on", "sadness"}, "--fail-on sadness: allowed are differs, worse, better"},
		"two kernels twice": {[]string{"run", "-f", two, "--aa", "-k", "x", "-k", "y"}, "--aa runs one kernel as two columns: choose it with -k"},
		"no boots":          {[]string{"run", "-f", good, "--boots", "0"}, "--boots 0: want a number from 1 to 1000"},
		"no number":         {[]string{"run", "-f", good, "--boots", "many"}, "--boots many: want a number from 1 to 1000, or auto"},
		"no snapshots":      {[]string{"run", "-f", good, "--snapshot-limit", "0"}, "isolate: boot"},
		"no deadline":       {[]string{"run", "-f", good, "--probe-deadline", "-1s"}, "deadline"},
		"a broken file":     {[]string{"run", "-f", write(t, "version: 1\nkernel: []\n")}, ":2: kernel: is not a key here"},
		"probes: no match":  {[]string{"probes", "nothing"}, "nothing matches no probe"},
		"report: no run":    {[]string{"report", "--dir", t.TempDir()}, "there is no run in"},
		"report: no format": {[]string{"report", "--format", "xls", "."}, `--format xls: there is no format "xls": allowed are json`},
		"shell: no kernel":  {[]string{"shell", "-f", good}, "one kernel"},
	} {
		t.Run(name, func(t *testing.T) {
			out, errs, code := command(t, test.args...)
			if code != exitWrongUse || !strings.Contains(errs, test.want) || out != "" {
				t.Errorf("exit code %d, printed %q and %q", code, out, errs)
			}
		})
	}
}

// TestTheDefaultSelection plans what run: probes: says, and what the flags say
// instead.
func TestTheDefaultSelection(t *testing.T) {
	file := write(t, one+"run: {probes: [cost]}\n")
	for name, test := range map[string]struct {
		o    runOptions
		want func(string) bool
	}{
		"the matrix's": {runOptions{file: file}, func(p string) bool { return strings.HasPrefix(p, "cost/") }},
		"all":          {runOptions{file: file, allProbes: true}, func(p string) bool { return !strings.HasPrefix(p, "stress/") }},
		"-p":           {runOptions{file: file, patterns: []string{"stability/vmsplice"}}, func(p string) bool { return strings.HasPrefix(p, "stability/vmsplice/") }},
	} {
		_, plan, err := test.o.plan()
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, p := range plan.Probes {
			got = append(got, p.Name)
		}
		for _, p := range allProbes() {
			if test.want(p.Name) {
				want = append(want, p.Name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestNoQEMUIsTheHostsFault(t *testing.T) {
	_, errs, code := command(t, "run", "-f", write(t, one), "--qemu", "kmatrix-no-such-qemu", "--dir", t.TempDir())
	if code != exitInfra || !strings.Contains(errs, "make setup") {
		t.Errorf("exit code %d, printed %q", code, errs)
	}
}

func TestProbesAreListedAndExplained(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"families":  {nil, []string{"stability/splice/...", "can data still change", "cost/read-write/...", "kmatrix probes NAME explains one"}},
		"a pattern": {[]string{"stability/splice/punch/xfs"}, []string{"stability/splice/punch/xfs/readahead  ", "stability/splice/punch/xfs/dirty  "}},
		"a name": {[]string{"stability/splice/punch/xfs/readahead"}, []string{
			"1. writes 8388608 bytes of the old pattern", "- zeroed: zeros have arrived", "- clobbered: zeros, or bytes of the mutation", "- source: stale, lost:",
			"zeros in the 4096 bytes", "/proc/kpageflags", "M. Wilcox, 2023-06-29 18:34", "since Linux 5.10",
		}},
		"json": {[]string{"--json", "stability/splice/punch/xfs/readahead"}, []string{`"name": "stability/splice/punch/xfs/readahead"`, `"kind": "stability"`, `"since": "5.10"`, `"summary": "`}},
	} {
		out, _, code := command(t, append([]string{"probes"}, test.args...)...)
		for _, want := range test.want {
			if code != exitDone || !strings.Contains(out, want) {
				t.Errorf("%s: exit code %d, no %q in\n%s", name, code, want, out)
			}
		}
	}
}

func TestHelpNamesEveryCommandWithAnExample(t *testing.T) {
	for _, c := range newRoot().Commands() {
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		if c.Example == "" || c.Short == "" {
			t.Errorf("%s has no example or no sentence", c.Name())
		}
	}
	out, _, code := command(t)
	if code != exitDone || !strings.Contains(out, "130 interrupted") {
		t.Errorf("exit code %d, printed %q", code, out)
	}
}

// TestTheDefaultMatrixIsValid reads the repository's own kernels.yaml, and
// holds the schema that is committed for editors to what is read.
func TestTheDefaultMatrixIsValid(t *testing.T) {
	s, err := spec.LoadFile("../../kernels.yaml", known())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, k := range s.Kernels {
		if !k.OnRequest {
			names = append(names, k.Name)
		}
	}
	if want := []string{"5.10", "5.15", "6.1", "6.12", "newest", "6.12-built", "splice-fix-corruption", "splice-always-copies"}; s.Baseline != "6.1" || !slices.Equal(names, want) {
		t.Errorf("its baseline is %s, its kernels are %v, want %v", s.Baseline, names, want)
	}
	schema, err := spec.Schema(known())
	if err != nil {
		t.Fatal(err)
	}
	golden.Assert(t, string(schema), "../../../docs/kernels.schema.json")
}
