package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/golden"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

var finished = time.Date(2026, 11, 23, 1, 3, 0, 0, time.UTC)

// killed is a run that was killed when only the first kernel had answered, and all but
// two of its probes.
func killed() Document {
	doc := sample("6.1", 1, "6.1", "6.12")
	doc.Run.Finished = nil
	doc.Results = slices.DeleteFunc(doc.Results, func(r matrix.Result) bool {
		return r.Kernel != "6.1" || r.Probe == "cost/splice-file-pipe/64k" || r.Probe == "stability/splice/write/xfs/dirty"
	})
	doc.Comparison = compare.Compare(doc.Run, doc.Results)
	return doc
}

// sample is a run with the given kernels: what 5.10, 6.1 and 6.12 really do,
// 5.15 unavailable, and any other kernel in the trouble that its name says.
func sample(baseline string, boots int, kernels ...string) Document {
	run := matrix.Run{
		ID: "20261123-010203-ABCD", Baseline: baseline, Finished: &finished,
		Host:     matrix.Host{QEMU: "7.2.22", Accel: matrix.AccelTCG},
		Machines: []matrix.Machine{{Name: "default", MemoryMiB: 512, CPUs: 1, Boots: boots}},
		Probes: []string{
			"cost/splice-file-pipe/64k", "stability/read-write/punch/xfs/readahead", "stability/splice/mmap/tmpfs/dirty", "stability/splice/punch/ext4/dirty",
			"stability/splice/punch/tmpfs-huge/dirty", "stability/splice/punch/xfs/readahead", "stability/splice/write/xfs/dirty",
		},
	}
	doc := Document{Dir: "runs/" + run.ID}
	for _, k := range kernels {
		col := matrix.Column{Name: k, Contract: matrix.Reference, Version: k + ".100-1", Digest: "sha256:00", ConfigDigest: "one", Config: "CONFIG_OF=one\n"}
		if k == "5.10" {
			col.ConfigDigest, col.Config = "another", "CONFIG_OF=another\n"
		}
		if k == "5.15" || k == "gone" {
			col.Outcome, col.Detail, col.Version = matrix.Unavailable, "kernel.org is not reached from here: no such host", ""
		}
		if k == "broken" {
			col.Outcome, col.Detail, col.Version = matrix.BuildFailed, "make bzImage: fs/splice.c:7: error: expected ';'", ""
		}
		run.Kernels = append(run.Kernels, col)
		for _, p := range run.Probes {
			for boot := 1; boot <= boots; boot++ {
				res := answer(k, p, boot)
				res.Kernel, res.Machine, res.Probe, res.Boot = k, "default", p, boot
				res.Cell = matrix.Cell{Kernel: k, Machine: "default", Probe: p}.ID()
				if col.Outcome != "" {
					res = matrix.Result{Kernel: k, Machine: "default", Probe: p, Cell: res.Cell, Attempt: matrix.Attempt{Outcome: col.Outcome, Detail: col.Detail}}
				}
				doc.Results = append(doc.Results, res)
				if col.Outcome != "" {
					break
				}
			}
		}
	}
	doc.Run = run
	doc.Comparison = compare.Compare(run, doc.Results)
	return doc
}

func answer(kernel, probe string, boot int) matrix.Result {
	seen := func(c matrix.Class, fresh, zero int64) matrix.Result {
		o := &matrix.Observation{Class: c, Bytes: 1 << 20, New: fresh, Zero: zero, Old: 1<<20 - fresh - zero, FirstOffset: 7491584}
		if fresh+zero == 0 {
			o.FirstOffset = -1
		}
		return matrix.Result{Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Observation: o}}}
	}
	flaky := kernel == "flaky" && boot > 1
	switch {
	case kernel == "crash" && strings.Contains(probe, "/punch/"):
		r := matrix.CrashReport{
			Kind: matrix.KindPageFault, Title: "BUG: unable to handle kernel NULL pointer dereference in splice_folio", Fingerprint: "0123456789abcdef", Fatal: true, Count: 1,
			Frames: []matrix.Frame{{Function: "splice_folio", At: "fs/splice.c:123"}, {Function: "do_splice"}},
		}
		return matrix.Result{Attempt: matrix.Attempt{Outcome: matrix.Crash, Detail: r.Title, CrashReports: []matrix.CrashReport{r}}}
	case kernel == "crash" && strings.HasPrefix(probe, "cost/"):
		return matrix.Result{Attempt: matrix.Attempt{Outcome: matrix.Hang, Detail: "no answer", CrashReports: []matrix.CrashReport{{Kind: matrix.KindSoftLockup, Title: "BUG: soft lockup in spin", Fingerprint: "0123456789abcdee", Known: true, Count: 3}}}}
	case kernel == "hang" && strings.Contains(probe, "tmpfs-huge"):
		return matrix.Result{Attempt: matrix.Attempt{Outcome: matrix.Hang, Detail: "no answer within 30s"}}
	case kernel == "boot-failed":
		return matrix.Result{Attempt: matrix.Attempt{Outcome: matrix.BootFailed, Detail: "boot: Kernel panic - not syncing: VFS: Unable to mount root fs"}}
	case kernel == "tinymem":
		return matrix.Result{Attempt: matrix.Attempt{Outcome: matrix.BootFailed, Detail: "boot: Kernel panic - not syncing: System is deadlocked on memory"}}
	case kernel == "no-qemu":
		return matrix.Result{Attempt: matrix.Attempt{Outcome: matrix.Infra, Detail: "QEMU was killed by signal 9"}}
	case kernel == "silent" && strings.HasPrefix(probe, "cost/"):
		return matrix.Result{Attempt: matrix.Attempt{Outcome: matrix.BootFailed, Detail: "agent: not over within 30s"}}
	case kernel == "silent":
		return matrix.Result{Attempt: matrix.Attempt{Outcome: matrix.Lost, Detail: "QEMU ended by guest-shutdown"}}
	case kernel == "snapshot" && strings.Contains(probe, "splice/write"):
		res := seen(matrix.Changed, 4096, 0)
		res.Outcome, res.Detail = matrix.Fail, `the contract "snapshot" does not allow "changed"`
		return res
	case strings.HasPrefix(probe, "cost/"):
		return matrix.Result{Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Sample: &matrix.Sample{Value: 0.1534, Unit: "ns/B", Better: matrix.Lower, Clock: matrix.ClockWall, Indicative: true, Low: 0.1501, High: 0.2213, Iterations: 21}}}}
	case strings.Contains(probe, "read-write"):
		return seen(matrix.Stable, 0, 0)
	case strings.Contains(probe, "/write/"), strings.Contains(probe, "/mmap/"):
		return seen(matrix.Changed, 4096, 0)
	case strings.Contains(probe, "tmpfs-huge"):
		return seen(matrix.Zeroed, 0, 4096)
	case strings.Contains(probe, "xfs/readahead") && kernel != "5.10" && !flaky:
		return seen(matrix.Zeroed, 0, 4096)
	}
	return seen(matrix.Stable, 0, 0)
}

func TestTable(t *testing.T) {
	usual := []string{"5.10", "5.15", "6.1", "6.12"}
	for name, test := range map[string]struct {
		doc     Document
		options Options
	}{
		"80":            {sample("6.1", 1, usual...), Options{Width: 80}},
		"160":           {sample("6.1", 1, usual...), Options{Width: 160}},
		"piped":         {sample("6.1", 1, usual...), Options{}},
		"colour":        {sample("6.1", 1, usual...), Options{Width: 80, Colour: true}},
		"all":           {sample("6.1", 1, usual...), Options{Width: 80, All: true}},
		"many":          {sample("6.1", 1, "5.10", "6.1", "6.2", "6.3", "6.4", "6.5", "6.6", "6.7", "6.8"), Options{Width: 80}},
		"one":           {sample("6.1", 1, "6.1"), Options{Width: 80}},
		"unavailable":   {sample("gone", 1, "gone", "5.15"), Options{Width: 80}},
		"no-baseline":   {sample("gone", 1, "gone", "5.10", "6.1"), Options{Width: 80}},
		"trouble":       {sample("6.1", 1, "6.1", "crash", "hang", "boot-failed", "snapshot"), Options{Width: 100}},
		"no-boot":       {sample("6.1", 2, "6.1", "boot-failed", "tinymem", "broken", "gone"), Options{Width: 80}},
		"no-boot-wide":  {sample("6.1", 2, "6.1", "boot-failed", "tinymem", "broken", "gone"), Options{Width: 160}},
		"untested":      {sample("6.1", 1, "6.1", "6.12", "tinymem", "no-qemu", "silent"), Options{Width: 80}},
		"untested-wide": {sample("6.1", 1, "6.1", "6.12", "tinymem", "no-qemu", "silent"), Options{Width: 160}},
		"no-answer":     {sample("tinymem", 1, "tinymem", "6.1", "6.12"), Options{Width: 80}},
		"flaky":         {sample("6.1", 3, "6.1", "flaky"), Options{Width: 100}},
		"alike":         {sample("6.1", 1, "6.1", "6.12"), Options{Width: 80}},
		"costs":         {dispute(matrix.ClockIcount, matrix.AccelTCG, 3), Options{Width: 80}},
		"costs-wide":    {dispute(matrix.ClockIcount, matrix.AccelTCG, 3), Options{Width: 160}},
		"costs-once":    {dispute(matrix.ClockWall, matrix.AccelKVM, 1), Options{Width: 80}},
		"costs-kvm":     {dispute(matrix.ClockWall, matrix.AccelKVM, 8), Options{Width: 80}},
		"killed":        {killed(), Options{Width: 80}},
		"aa":            {aa(), Options{Width: 80}},
		"costs-tcg":     {dispute(matrix.ClockWall, matrix.AccelTCG, 8), Options{Width: 80}},
	} {
		t.Run(name, func(t *testing.T) {
			f, ok := Lookup("table")
			if !ok {
				t.Fatal("there is no table")
			}
			test.doc.Options = test.options
			var b bytes.Buffer
			if err := f.Write(&b, test.doc); err != nil {
				t.Fatal(err)
			}
			golden.Assert(t, b.String(), name+".txt")
			width := test.options.Width
			if width == 0 {
				width = PlainWidth
			}
			for line := range strings.Lines(b.String()) {
				if n := visible(strings.TrimRight(line, "\n")); n > width {
					t.Errorf("a line has %d columns: %s", n, line)
				}
			}
		})
	}
}

func TestJSON(t *testing.T) {
	f, _ := Lookup("json")
	var b bytes.Buffer
	if err := f.Write(&b, sample("6.1", 1, "5.10", "5.15", "6.1")); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Version int
		Run     map[string]any
		Kernels []struct{ Name, Version, Digest, Outcome string }
		Results []struct {
			Kernel, Machine, Probe, Outcome, Cell string
			Observation                           *struct {
				Class string
				Zero  int64
				First *int64 `json:"first_offset"`
			}
			Sample *struct {
				Value               float64
				Unit, Better, Clock string
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Version != 1 || doc.Run["id"] == nil || doc.Run["kernels"] != nil || len(doc.Kernels) != 3 || doc.Kernels[1].Outcome != "unavailable" || doc.Kernels[0].Digest == "" {
		t.Errorf("version %d, run %v, kernels %+v", doc.Version, doc.Run, doc.Kernels)
	}
	found := 0
	for _, r := range doc.Results {
		if r.Cell == "6.1/default/stability/splice/punch/xfs/readahead" && r.Observation != nil && r.Observation.Zero == 4096 && r.Observation.First != nil {
			found++
		}
		if r.Cell == "6.1/default/cost/splice-file-pipe/64k" && r.Sample != nil && r.Sample.Unit == "ns/B" && r.Sample.Clock == "wall" {
			found++
		}
	}
	if found != 2 {
		t.Errorf("the results are %+v", doc.Results)
	}
}

// TestWhatNobodyVouchesForIsSaid names the kernels whose source was trusted on first
// use, under the table and in the document.
func TestWhatNobodyVouchesForIsSaid(t *testing.T) {
	for _, first := range []bool{false, true} {
		doc := sample("6.1", 1, "5.10", "6.1", "6.12")
		for i, trust := range []matrix.Trust{matrix.TrustSigned, matrix.TrustDigest, matrix.TrustUnknown} {
			doc.Run.Kernels[i].Trust = trust
			if first && i != 1 {
				doc.Run.Kernels[i].Trust = matrix.TrustFirstUse
			}
		}
		doc.Comparison = compare.Compare(doc.Run, doc.Results)
		doc.Options.Width = 300
		var text, document bytes.Buffer
		if err := errors.Join(writeTable(&text, doc), writeJSON(&document, doc)); err != nil {
			t.Fatal(err)
		}
		if said := strings.Contains(text.String(), "Trusted on first use: the source of 5.10, 6.12. Nobody vouches"); said != first {
			t.Errorf("first use %v:\n%s", first, text.String())
		}
		if said := strings.Count(document.String(), `"trust": "first-use"`); (said == 2) != first {
			t.Errorf("first use %v:\n%s", first, document.String())
		}
	}
}
