package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// dispute is a run of the costs that the thread is about: 6.1 as Debian builds it,
// a 6.12 that was built and one with the series on top, by that clock and with so
// many boots.
func dispute(clock matrix.Clock, accel matrix.Accel, boots int) Document {
	run := matrix.Run{
		ID: "20261123-010203-ABCD", Finished: &finished, Baseline: "6.1", Host: matrix.Host{QEMU: "7.2.22", Accel: accel},
		Machines: []matrix.Machine{{Name: "cost", MemoryMiB: 512, CPUs: 1, Boots: boots, Clock: clock}},
		Probes:   []string{"cost/read-write/64k", "cost/serve-again/xfs/tenth/1m", "cost/splice-file-pipe/64k", "cost/vmsplice/64k"},
		Kernels: []matrix.Column{
			{Name: "6.1", Version: "6.1.192-2", ConfigDigest: "debian", Config: "CONFIG_OF=debian\n"}, {Name: "6.12-built", Version: "6.12.117-1", ConfigDigest: "own", Config: "CONFIG_OF=own\n"},
			{Name: "splice-fix-corruption", Version: "6.12.117-1", ConfigDigest: "own", Config: "CONFIG_OF=own\n", Base: "6.12-built"},
		},
	}
	doc := Document{Dir: "runs/" + run.ID, Run: run}
	values := map[string][4]float64{"6.1": {0.735, 0.00998, 0.141, 0.111}, "6.12-built": {0.736, 0.0101, 0.0802, 0.12}, "splice-fix-corruption": {0.7362, 0.31, 0.337, 0.113}}
	for _, k := range run.Kernels {
		for p, probe := range run.Probes {
			for boot := 1; boot <= boots; boot++ {
				s := &matrix.Sample{
					Value: values[k.Name][p] * (1 + 0.0004*float64(boot%5)), Unit: "ns/B", Better: matrix.Lower, Clock: clock,
					Indicative: clock == matrix.ClockWall && accel != matrix.AccelKVM, Iterations: 5, Counters: map[string]int64{"kib_read": 0},
				}
				if clock == matrix.ClockIcount {
					s.Unit = "insn/B"
				}
				if p == 1 && k.Name == "6.12-built" {
					s.Value *= 1 + 0.03*float64(boot) // its boots do not agree
				}
				s.Low, s.High = s.Value*0.99, s.Value*1.02
				if k.Base != "" && p > 0 {
					s.Counters["pages_copied"] = 1280
					s.Counters["kib_read"] = map[int]int64{1: 5120}[p]
				}
				c := matrix.Cell{Kernel: k.Name, Machine: "cost", Probe: probe}
				doc.Results = append(doc.Results, matrix.Result{Kernel: k.Name, Machine: "cost", Probe: probe, Cell: c.ID(), Boot: boot, Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Sample: s}}})
			}
		}
	}
	doc.Comparison = compare.Compare(run, doc.Results)
	return doc
}

// TestJSONHasWhatVerdictsRestOn reads the dispute's own cell.
func TestJSONHasWhatVerdictsRestOn(t *testing.T) {
	f, _ := Lookup("json")
	var b bytes.Buffer
	if err := f.Write(&b, dispute(matrix.ClockWall, matrix.AccelKVM, 8)); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Comparison []struct {
			Cell, Verdict string
			Costs         []struct {
				Against, Verdict         string
				Base                     bool
				Ratio, Low, High, Margin float64
				P                        *float64
				Boots                    int
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, c := range doc.Comparison {
		if c.Cell != "splice-fix-corruption/cost/cost/splice-file-pipe/64k" {
			continue
		}
		if k := c.Costs[0]; len(c.Costs) != 1 || c.Verdict != "worse" || k.Against != "6.12-built" || !k.Base || k.Ratio < 4.1 || k.Low > k.Ratio || k.High < k.Ratio ||
			k.Margin != 0.05 || k.P == nil || *k.P <= 0 || *k.P > 0.01 || k.Boots != 8 {
			t.Errorf("%+v", c)
		}
		return
	}
	t.Errorf("the cell is not in %+v", doc.Comparison)
}

// TestTheTableTellsOfItsAnalyses has the boots be what they showed decided.
func TestTheTableTellsOfItsAnalyses(t *testing.T) {
	doc := dispute(matrix.ClockWall, matrix.AccelKVM, 16)
	doc.Run.Machines[0].Analyses = []int{8, 16, 32}
	doc.Comparison = compare.Compare(doc.Run, doc.Results)
	f, _ := Lookup("table")
	var b bytes.Buffer
	if err := f.Write(&b, doc); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	if want := "8 or 16 boots, decided by what they showed: 2 of at most 3 analyses were made, each at 1.7 %"; !strings.Contains(text, want) {
		t.Errorf("the table does not say %q:\n%s", want, b.String())
	}
}

// aa is the run of a kernel beside itself.
func aa() Document {
	doc := dispute(matrix.ClockIcount, matrix.AccelTCG, 3)
	doc.Run.Kernels = []matrix.Column{{Name: "6.1", Version: "6.1.192-2", ConfigDigest: "debian", Config: "CONFIG_OF=debian\n"}, {Name: "6.1-again", Version: "6.1.192-2", ConfigDigest: "debian", Config: "CONFIG_OF=debian\n"}}
	var results []matrix.Result
	for _, r := range doc.Results {
		if r.Kernel != "6.1" {
			continue
		}
		results = append(results, r)
		again := *r.Sample
		again.Value *= 1.0005
		r.Kernel, r.Sample = "6.1-again", &again
		r.Cell = matrix.Cell{Kernel: r.Kernel, Machine: r.Machine, Probe: r.Probe}.ID()
		results = append(results, r)
	}
	doc.Run.AA, doc.Results = true, results
	doc.Comparison = compare.Compare(doc.Run, results)
	cal := doc.Comparison.Calibrate(doc.Run, doc.Run.Machines[0])
	earlier := cal
	earlier.False = 1
	doc.Run.Calibrations = []matrix.Calibration{earlier, cal}
	return doc
}
