package report

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kmatrix/matrix"
)

// TestJSONHasFindings reads what is so of several rows together.
func TestJSONHasFindings(t *testing.T) {
	const one, two, race = "stability/splice/punch/ext4", "stability/splice/punch/xfs", "stress/splice-race/punch/xfs"
	old := matrix.Observation{Class: matrix.Stable, FirstOffset: -1}
	zeroed := matrix.Observation{Class: matrix.Zeroed, Zero: 4096, FirstOffset: 0}
	again := saw("b", race, old)
	again.Boot = 2
	doc := Document{Comparison: compared(
		saw("a", one, old), saw("b", one, zeroed), saw("a", two, old), saw("b", two, zeroed),
		saw("a", race, zeroed), saw("b", race, zeroed), again,
		costing("a", "cost/tee/4k", 1), costing("b", "cost/tee/4k", 4), costing("a", "cost/tee/1m", 1), costing("b", "cost/tee/1m", 1),
	)}
	f, _ := Lookup("json")
	var b bytes.Buffer
	if err := f.Write(&b, doc); err != nil {
		t.Fatal(err)
	}
	var got struct{ Findings []map[string]any }
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	row := func(probe string) any { return map[string]any{"machine": "m", "probe": probe} }
	rate := func(state string) any {
		return map[string]any{"state": state, "count": 1.0, "n": 2.0, "low": 0.01257911709367899, "high": 0.987420882906321}
	}
	want := []map[string]any{
		{"kind": "behaviour", "verdict": "differs", "rows": []any{row(one), row(two)}, "answers": []any{
			map[string]any{"kernels": []any{"a"}, "class": "stable"},
			map[string]any{"kernels": []any{"b"}, "class": "zeroed", "zero": 4096.0, "first_offset": 0.0},
		}},
		{"kind": "behaviour", "verdict": "inconclusive", "rows": []any{row(race)}, "answers": []any{
			map[string]any{"kernels": []any{"a"}, "class": "changed"},
			map[string]any{"kernels": []any{"b"}, "rates": []any{rate("changed"), rate("stable")}, "need": 9.0},
		}},
		{"kind": "cost", "verdict": "worse", "kernel": "b", "against": "a", "rows": []any{row("cost/tee/4k")}, "ratio": 4.0, "low": 4 / 1.005, "high": 4 * 1.005},
		{"kind": "cost", "verdict": "same", "kernel": "b", "against": "a", "rows": []any{row("cost/tee/1m")}, "margin": 0.01},
	}
	if diff := cmp.Diff(want, got.Findings, cmpopts.EquateApprox(1e-9, 0)); diff != "" {
		t.Error(diff)
	}
}
