package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
	"kmatrix/matrix/builds"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/cost"
)

// compared is a comparison of results on one machine, which name their kernel, probe,
// boot and answer; the first kernel is the baseline. All are built alike.
func compared(results ...matrix.Result) compare.Comparison {
	run := matrix.Run{Baseline: results[0].Kernel, Machines: []matrix.Machine{{Name: "m"}}}
	kernels, probes := map[string]bool{}, map[string]bool{}
	for i := range results {
		r := &results[i]
		r.Machine = "m"
		r.Cell = matrix.Cell{Kernel: r.Kernel, Machine: "m", Probe: r.Probe}.ID()
		if r.Outcome == "" {
			r.Outcome = matrix.Pass
		}
		if !kernels[r.Kernel] {
			run.Kernels = append(run.Kernels, matrix.Column{Name: r.Kernel, ConfigDigest: "own"})
		}
		if !probes[r.Probe] {
			run.Probes = append(run.Probes, r.Probe)
		}
		kernels[r.Kernel], probes[r.Probe] = true, true
	}
	return compare.Compare(run, results)
}

func saw(kernel, probe string, o matrix.Observation) matrix.Result {
	return matrix.Result{Kernel: kernel, Probe: probe, Boot: 1, Attempt: matrix.Attempt{Finding: matrix.Finding{Observation: &o}}}
}

func costing(kernel, probe string, value float64) matrix.Result {
	return matrix.Result{Kernel: kernel, Probe: probe, Boot: 1, Attempt: matrix.Attempt{Finding: matrix.Finding{Sample: &matrix.Sample{Value: value, Unit: "insn/B", Clock: matrix.ClockIcount, Better: matrix.Lower, Iterations: 4}}}}
}

func TestDifferencesInWords(t *testing.T) {
	const punch, race = "stability/splice/punch/xfs/readahead", "stress/splice-race/punch/xfs"
	old := matrix.Observation{Class: matrix.Stable, FirstOffset: -1}
	zeroed := matrix.Observation{Class: matrix.Zeroed, Bytes: 8192, Zero: 4096, FirstOffset: 8192}
	failed := matrix.Result{Kernel: "b", Probe: "external/x", Attempt: matrix.Attempt{Outcome: matrix.Fail, Finding: matrix.Finding{Test: &matrix.Test{ResultFormat: matrix.FormatKTAP, Passed: 3, Failed: 1, Failing: []string{"seal"}}}}}
	passed := matrix.Result{Kernel: "a", Probe: "external/x", Attempt: matrix.Attempt{Finding: matrix.Finding{Test: &matrix.Test{ResultFormat: matrix.FormatKTAP, Passed: 4}}}}
	again := saw("b", punch, zeroed)
	again.Boot = 2
	for name, test := range map[string]struct {
		results []matrix.Result
		want    []string
	}{
		"equal columns together": {
			[]matrix.Result{saw("a", punch, zeroed), saw("b", punch, old), saw("c", punch, zeroed), saw("d", punch, matrix.Observation{Class: matrix.Torn, Bytes: 9, Other: 2, FirstOffset: 7})},
			[]string{punch + ": a (baseline) and c: 4096 zero bytes from offset 8192; b: the old data; d: torn data, 2 bytes of 9 that nobody wrote, from offset 7."},
		},
		"changed and zero": {
			[]matrix.Result{saw("a", punch, old), saw("b", punch, matrix.Observation{Class: matrix.Mixed, New: 3, Zero: 4, FirstOffset: 7}), saw("c", punch, matrix.Observation{Class: matrix.Changed, New: 5, FirstOffset: 7}), saw("d", punch, matrix.Observation{Class: matrix.ErrnoClass("EINVAL"), FirstOffset: -1})},
			[]string{punch + ": a (baseline): the old data; b: 3 changed and 4 zero bytes from offset 7; c: 5 changed bytes from offset 7; d: errno:EINVAL."},
		},
		"races": {
			[]matrix.Result{saw("a", race, zeroed), saw("b", race, matrix.Observation{Class: matrix.Changed, New: 77}), saw("c", race, old)},
			[]string{race + ": a (baseline) and b: data changed in a pipe; c: nothing changed in a pipe."},
		},
		"tests":     {[]matrix.Result{passed, failed}, []string{"external/x: a (baseline): ok 4; b: 1 of 4 failed: seal."}},
		"a crash":   {[]matrix.Result{saw("a", punch, old), {Kernel: "b", Probe: punch, Attempt: matrix.Attempt{Outcome: matrix.Crash}}}, []string{punch + ": a (baseline): the old data; b: crash."}},
		"a cost":    {[]matrix.Result{costing("a", "cost/tee/4k", 1), {Kernel: "b", Probe: "cost/tee/4k", Attempt: matrix.Attempt{Outcome: matrix.Hang}}}, []string{"cost/tee/4k: a (baseline): a cost; b: hang."}},
		"all equal": {[]matrix.Result{saw("a", punch, old), saw("b", punch, old)}, nil},
		"boots that disagree": {
			[]matrix.Result{saw("a", punch, old), saw("b", punch, old), again},
			[]string{punch + ": a (baseline): the old data; b: boots disagree: 1 of 2 stable (1…99 %), 1 of 2 zeroed (1…99 %), not shown to differ from the baseline's; about 9 boots would tell."},
		},
		"rows that differ in bytes": {
			[]matrix.Result{
				saw("a", "stability/splice/punch/xfs", old), saw("b", "stability/splice/punch/xfs", zeroed),
				saw("a", "stability/splice/punch/ext4", old), saw("b", "stability/splice/punch/ext4", matrix.Observation{Class: matrix.Zeroed, Zero: 1, FirstOffset: 3}),
				saw("a", "stability/splice/write/ext4", old), saw("b", "stability/splice/write/ext4", old),
			},
			[]string{"stability/splice/punch/...: a (baseline): the old data; b: zero bytes."},
		},
	} {
		if diff := cmp.Diff(test.want, differences(compared(test.results...))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestCostsInWords(t *testing.T) {
	const splice, read = "cost/splice-file-pipe/64k", "cost/read-write/64k"
	before := costing("a", splice, 0.08)
	before.Sample.Counters = map[string]int64{"kib_read": 2}
	after := costing("b", splice, 0.336)
	after.Sample.Counters = map[string]int64{"pages_copied": 1024, "kib_read": 0}
	want := []string{
		"b against the baseline, a: cost/splice-file-pipe/64k is worse, 4.2× (4.18…4.22), 0.08 to 0.336 insn/B: in a pass pages_copied 256, baseline none.",
		"b against the baseline, a: cost/read-write/64k: the same within 1 %.",
	}
	if diff := cmp.Diff(want, costSentences(compared(before, after, costing("a", read, 0.735), costing("b", read, 0.7351)))); diff != "" {
		t.Error(diff)
	}
	var many []matrix.Result
	for i, p := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		many = append(many, costing("x", "cost/"+p+"/1m", 1), costing("y", "cost/"+p+"/1m", 2+float64(i)))
	}
	got := costSentences(compared(many...))
	if last := "y against the baseline, x: 2 more differ; the table marks them."; len(got) != 7 || got[6] != last {
		t.Errorf("got\n%s\nwant %s", strings.Join(got, "\n"), last)
	}
}

// TestACostIsLocatedInWords has a difference that is in one function.
func TestACostIsLocatedInWords(t *testing.T) {
	const probe = "cost/splice-file-pipe/64k"
	c := compared(costing("base", probe, 0.1), costing("rfc", probe, 0.4))
	profile := func(kernel string, functions ...matrix.FunctionSamples) matrix.Profile {
		p := matrix.Profile{Kernel: kernel, Machine: "m", Probe: probe, Cell: kernel + "/m/" + probe, ProfileCounts: matrix.ProfileCounts{Samples: 10000, User: 1000, Functions: functions, Passes: 9}}
		return p
	}
	c.Locate([]matrix.Profile{
		profile("base", matrix.FunctionSamples{Name: "move", Samples: 9000}),
		profile("rfc", matrix.FunctionSamples{Name: "move", Samples: 2250}, matrix.FunctionSamples{Name: "copy_page", Samples: 4500}, matrix.FunctionSamples{Name: "get_page", Samples: 2250}),
	})
	const where = "copy_page +0.18 insn/B (60 %), 2 other functions +0.09 insn/B (30 %), user space +0.03 insn/B (10 %), not located 0"
	if got := Where(c.Rows[0].Cells[1].Deltas[0], 1); got != where {
		t.Errorf("got  %s\nwant %s", got, where)
	}
	const begins = "rfc against the baseline, base: cost/splice-file-pipe/64k is worse, 4× (3.98…4.02), 0.1 to 0.4 insn/B. Of the +0.3 insn/B: copy_page +0.18 insn/B (60 %), get_page"
	const ends = "not located 0; without what copies bytes: 0.1 (nothing copies) to 0.22 (0.18 by copy_page) insn/B."
	if got := costSentences(c); len(got) != 1 || !strings.HasPrefix(got[0], begins) || !strings.HasSuffix(got[0], ends) {
		t.Errorf("got  %s\nwant %s … %s", got, begins, ends)
	}
	none := matrix.Profile{Kernel: "rfc", Machine: "m", Probe: probe, Cell: "rfc/m/" + probe, Missing: "the kernel has no perf event"}
	c.Locate([]matrix.Profile{profile("base"), none})
	if got := CostsData(c.Rows[0].Cells[1].Deltas)[0].Where.Missing; got != "rfc has no profile: the kernel has no perf event" {
		t.Errorf("missing is %q", got)
	}
	other := none
	other.Probe = "cost/tee/4k"
	if got := unprofiled([]matrix.Profile{none, other}); len(got) != 1 || got[0] != "no profile of rfc, cost/splice-file-pipe/64k and 1 more: the kernel has no perf event" {
		t.Errorf("%q", got)
	}
}

func TestMeansInWords(t *testing.T) {
	c := compared(
		costing("a", "cost/tee/1m", 1), costing("b", "cost/tee/1m", 2), costing("a", "cost/tee/4k", 1), costing("b", "cost/tee/4k", 8),
		costing("a", "cost/write-byte/1", 1), costing("b", "cost/write-byte/1", 1),
	)
	if diff := cmp.Diff([]string{"b against the baseline, a: tee 4× (3.98…4.02)."}, means(c)); diff != "" {
		t.Error(diff)
	}
}

func TestLimitationsInWords(t *testing.T) {
	machine := func(mib int) cost.Side {
		return cost.Side{Machine: cost.Hardware{Name: "cost", MemoryMiB: mib, CPUs: 1, CPU: "max"}}
	}
	for want, l := range map[string]cost.Limitation{
		"": {},
		"wall clock on an emulated CPU allows no verdict": {Code: cost.Indicative},
		"one is in ns/B by the clock wall, the other in insn/B by icount": {
			Code: cost.OtherUnit, Here: cost.Side{Unit: "ns/B", Clock: matrix.ClockWall}, There: cost.Side{Unit: "insn/B", Clock: matrix.ClockIcount},
		},
		"its boots are not of one clock, or a value is none":                                                        {Code: cost.Mixed},
		"a and b have other compilers (gcc 12; gcc 14)":                                                             {Code: cost.OtherBuild, Here: cost.Side{Kernel: "a"}, There: cost.Side{Kernel: "b"}, Build: &builds.Difference{Compiler: "gcc 12", Other: "gcc 14"}},
		"the machine cost is another one in their runs: 256 MiB, 1 CPU, max; 512 MiB, 1 CPU, max":                   {Code: cost.OtherMachine, Here: machine(256), There: machine(512)},
		"their hosts are not the same, and the clock is wall time":                                                  {Code: cost.OtherHost},
		"no verdict is possible from one boot by wall clock: it takes 4 a side, and usually 8 (--boots 8, or auto)": {Code: cost.TooFewBoots, Boots: 1, Fewest: 4},
		"no verdict is possible from 3 boots by wall clock: it takes 4 a side, and usually 8 (--boots 8, or auto)":  {Code: cost.TooFewBoots, Boots: 3, Fewest: 4},
		"more than 1000 boots would be needed":                                                                      {Code: cost.TooWide},
	} {
		if got := limitation(l); got != want {
			t.Errorf("%+v is said as %q, want %q", l, got, want)
		}
	}
	for want, w := range map[string]compare.Warning{
		"7 probes are left out, which only one of the runs has":                                                          {Code: compare.ProbesLeftOut, Probes: 7},
		"runs/1 was interrupted: it has 3 results of 2 cells, and boots may be missing":                                  {Code: compare.RunInterrupted, Dir: "runs/1", Results: 3, Cells: 2},
		"runs/1 has not ended, or was killed: it has 3 results of 2 cells, and boots may be missing":                     {Code: compare.RunUnfinished, Dir: "runs/1", Results: 3, Cells: 2},
		"the runs were made by different builds of kmatrix (their agents differ): a cost may differ by what measures it": {Code: compare.OtherAgents},
		"the runs were made with different versions of QEMU":                                                             {Code: compare.OtherQEMUs},
		"the runs were made on hosts that differ":                                                                        {Code: compare.OtherHosts},
		"the machine cost is another one in runs/2 (512 MiB, 1 CPU, max; 256 MiB, 1 CPU, max): costs are not compared": {
			Code: compare.MachinesDiffer, Dir: "runs/2", Here: machine(512).Machine, There: machine(256).Machine,
		},
	} {
		if got := Warning(w); got != want {
			t.Errorf("%+v is said as %q, want %q", w, got, want)
		}
	}
}

// TestBuildsInWords has releases of which one has an option more, kernels that are
// configured differently, and a run that has digests alone.
func TestBuildsInWords(t *testing.T) {
	const gcc = "CONFIG_CC_VERSION_TEXT=\"gcc 12\"\nCONFIG_HZ=250\n"
	document := func(configs ...string) Document {
		c := compared(costing("a", "cost/tee/4k", 1), costing("b", "cost/tee/4k", 1), costing("c", "cost/tee/4k", 1))
		run := matrix.Run{Baseline: "a", Machines: []matrix.Machine{{Name: "m"}}, Probes: []string{"cost/tee/4k"}}
		var results []matrix.Result
		for i, col := range c.Columns {
			run.Kernels = append(run.Kernels, matrix.Column{Name: col.Name, ConfigDigest: configs[i], Config: configs[i]})
			results = append(results, c.Rows[0].Cells[i].Results...)
		}
		return Document{Run: run, Comparison: compare.Compare(run, results), Options: Options{All: true, Width: 300}}
	}
	lines := func(doc Document) string {
		var b bytes.Buffer
		buildNotes(&b, doc)
		return b.String()
	}
	doc := document(gcc, gcc+"CONFIG_VMSCAPE=y\nCONFIG_X=m\n", "CONFIG_CC_VERSION_TEXT=\"gcc 14\"\nCONFIG_HZ=1000\n")
	const want = "- b against the baseline, a: compared, although one configuration alone knows 2 options: CONFIG_VMSCAPE=y (b); CONFIG_X=m (b).\n" +
		"- c against the baseline, a: not compared: they have other compilers (gcc 14; gcc 12) and other values of 1 option (CONFIG_HZ: 1000, 250).\n"
	if diff := cmp.Diff(want, lines(doc)); diff != "" {
		t.Error(diff)
	}
	data := buildsData(doc.Comparison)
	if len(data) != 2 || !data[0].Comparable || data[0].AloneCount != 2 || data[1].Comparable || data[1].OptionsCount != 1 || data[1].Why == "" {
		t.Errorf("as JSON it is %+v", data)
	}
	doc = document(gcc, gcc, gcc)
	for i := range doc.Run.Kernels {
		doc.Run.Kernels[i].Config, doc.Run.Kernels[i].ConfigDigest = "", doc.Run.Kernels[i].Name
	}
	doc.Comparison = compare.Compare(doc.Run, slices.Concat(doc.Comparison.Rows[0].Cells[0].Results, doc.Comparison.Rows[0].Cells[1].Results))
	if got := unlike(doc); !strings.Contains(got, "what differs is not known") {
		t.Errorf("of digests alone it says %q", got)
	}
}
