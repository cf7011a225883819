package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"gotest.tools/v3/golden"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// odd makes a run of so many kernels with long names, each of whose cells is what answer
// says of a kernel and a probe; "" leaves it out.
func odd(kernels int, probes []string, baseline string, answer func(kernel int, probe string) matrix.Result) Document {
	run := matrix.Run{ID: "20261123-010203-ABCD", Baseline: baseline, Finished: &finished, Probes: probes, Machines: []matrix.Machine{{Name: "m"}}}
	doc := Document{Dir: "runs/" + run.ID}
	for k := range kernels {
		name := fmt.Sprintf("k%d", k)
		if k%3 == 2 {
			name = fmt.Sprintf("a-series-with-a-rather-long-name-%d", k)
		}
		col := matrix.Column{Name: name, Version: fmt.Sprintf("6.%d.100-1~bpo12+1", k), ConfigDigest: "x", Config: "CONFIG_X=y\n", Contract: matrix.Reference}
		if k > 0 && k%3 == 2 {
			col.Base = "k1"
		}
		run.Kernels = append(run.Kernels, col)
		for _, p := range probes {
			r := answer(k, p)
			if r.Outcome == "" {
				continue
			}
			r.Kernel, r.Machine, r.Probe, r.Boot = name, "m", p, 1
			r.Cell = matrix.Cell{Kernel: name, Machine: "m", Probe: p}.ID()
			doc.Results = append(doc.Results, r)
		}
	}
	doc.Run, doc.Comparison = run, compare.Compare(run, doc.Results)
	return doc
}

func sawClass(c matrix.Class) matrix.Result {
	return matrix.Result{Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Observation: &matrix.Observation{Class: c, Zero: 4096}}}}
}

func ended(o matrix.Outcome, detail string) matrix.Result {
	return matrix.Result{Attempt: matrix.Attempt{Outcome: o, Detail: detail}}
}

// costed is a cost of so much, of passes that read so many KiB.
func costed(value float64, kib int64) matrix.Result {
	s := &matrix.Sample{Value: value, Unit: "insn/B", Better: matrix.Lower, Clock: matrix.ClockIcount, Iterations: 10, Counters: map[string]int64{"kib_read": 10 * kib, "minor_faults": 10 * kib / 4, "pages_resident": 256 - kib/4}}
	return matrix.Result{Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Sample: s}}}
}

func testedBy(outcome matrix.Outcome, failed int) matrix.Result {
	t := &matrix.Test{Passed: 1, Failed: failed}
	if failed > 0 {
		t.ExitCode, t.Passed = 1, 0
	}
	return matrix.Result{Attempt: matrix.Attempt{Outcome: outcome, Finding: matrix.Finding{Test: t}}}
}

// manyProbes names so many probes.
func manyProbes(n int, pattern string) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(pattern, i))
	}
	return list
}

// oddities are runs that a summary must tell of as well as of the ones that it was made
// for.
func oddities() map[string]Document {
	classes := []matrix.Class{matrix.Stable, matrix.Changed, matrix.Zeroed, matrix.Mixed, matrix.Clobbered, matrix.Torn, "errno:EINVAL"}
	long := strings.Repeat("a very long reason ", 30)
	many := odd(20, append(append(manyProbes(60, "stability/a-rather-long-call-%d/mutate/xfs/dirty"), manyProbes(40, "cost/a-rather-long-path-%d/64k")...), manyProbes(30, "external/a-rather-long-program-%d")...), "k1",
		func(k int, p string) matrix.Result {
			switch {
			case strings.HasPrefix(p, "cost/"):
				return costed(1+float64(k*len(p))/10, int64(k%2*1024*(len(p)%3)))
			case strings.HasPrefix(p, "external/"):
				return testedBy(matrix.Pass, (k+len(p))%2)
			case k == 4:
				return ended(matrix.Crash, "BUG")
			}
			// Each call by another pattern, so that no two families come together.
			var n int
			_, _ = fmt.Sscanf(p, "stability/a-rather-long-call-%d/", &n)
			return sawClass(classes[(n>>(k%6)+n/7*k)%len(classes)])
		})
	return map[string]Document{
		"one kernel, stable":  odd(1, manyProbes(3, "stability/splice/punch/xfs/%d"), "k0", func(int, string) matrix.Result { return sawClass(matrix.Stable) }),
		"only costs":          odd(1, manyProbes(3, "cost/p/%d"), "k0", func(int, string) matrix.Result { return costed(1, 0) }),
		"costs of two":        odd(3, manyProbes(9, "cost/path-%d/64k"), "k1", func(k int, p string) matrix.Result { return costed(1+float64(k), int64(k*512)) }),
		"all boot-failed":     odd(3, manyProbes(3, "stability/splice/punch/xfs/%d"), "k1", func(int, string) matrix.Result { return ended(matrix.BootFailed, long) }),
		"nothing differs":     odd(4, manyProbes(9, "stability/splice/punch/xfs/%d"), "k1", func(int, string) matrix.Result { return sawClass(matrix.Zeroed) }),
		"external tests only": odd(3, manyProbes(9, "external/test-%d"), "k1", func(k int, p string) matrix.Result { return testedBy(matrix.Pass, k%2) }),
		"stress only":         odd(3, manyProbes(3, "stress/load-%d/mmap/tmpfs"), "k1", func(k int, p string) matrix.Result { return sawClass(classes[k]) }),
		"crashes": odd(3, manyProbes(5, "stability/splice/punch/xfs/%d"), "k1", func(k int, p string) matrix.Result {
			return ended([]matrix.Outcome{matrix.Crash, matrix.Hang, matrix.Crash}[k], long)
		}),
		"no baseline":             odd(3, manyProbes(5, "stability/splice/punch/xfs/%d"), "elsewhere", func(k int, p string) matrix.Result { return sawClass(classes[k]) }),
		"no results":              odd(2, manyProbes(5, "stability/splice/punch/xfs/%d"), "k1", func(int, string) matrix.Result { return matrix.Result{} }),
		"probes of other kinds":   odd(3, manyProbes(5, "compat/thing-%d/x"), "k1", func(k int, p string) matrix.Result { return sawClass(classes[k]) }),
		"20 kernels, 60 families": many,
	}
}

// TestASummaryFits: whatever a run is, its summary has at most 25 lines, of the width.
func TestASummaryFits(t *testing.T) {
	for name, doc := range oddities() {
		for _, width := range []int{80, 60, 160} {
			doc.Options = Options{Width: width, Summary: true}
			var b bytes.Buffer
			f, _ := Lookup("table")
			if err := f.Write(&b, doc); err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
			if len(lines) > summaryLines || len(lines) < 4 {
				t.Errorf("%s, %d columns: %d lines\n%s", name, width, len(lines), b.String())
			}
			sentences := 0
			for _, line := range lines {
				if visible(line) > width {
					t.Errorf("%s, %d columns: a line of %d: %s", name, width, visible(line), line)
				}
				if strings.HasPrefix(line, "- ") {
					sentences++
				}
			}
			if sentences < 2 || sentences > maxPoints {
				t.Errorf("%s, %d columns: %d sentences\n%s", name, width, sentences, b.String())
			}
			if width == 80 {
				golden.Assert(t, b.String(), "summary-"+strings.ReplaceAll(strings.ReplaceAll(name, ",", ""), " ", "-")+".txt")
			}
		}
	}
}

// TestTheTableBeginsWithTheSummary: what --summary writes is what the table begins with.
func TestTheTableBeginsWithTheSummary(t *testing.T) {
	f, _ := Lookup("table")
	doc := dispute(matrix.ClockIcount, matrix.AccelTCG, 3)
	for _, width := range []int{0, 80, 160} {
		var short, long bytes.Buffer
		doc.Options = Options{Width: width, Summary: true}
		if err := f.Write(&short, doc); err != nil {
			t.Fatal(err)
		}
		doc.Options.Summary = false
		if err := f.Write(&long, doc); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(long.String(), short.String()+"\n") || !strings.Contains(long.String(), "────") || strings.Contains(short.String(), "────") {
			t.Errorf("%d columns: the table begins with\n%s\nnot with\n%s", width, long.String()[:800], short.String())
		}
	}
}
