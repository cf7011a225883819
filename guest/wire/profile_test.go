package wire

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

// sound is a profile that is one.
func sound() *matrix.ProfileCounts {
	return &matrix.ProfileCounts{
		Samples: 100, Passes: 4, Lost: 1, User: 20, Unlocated: 5, Rest: 5,
		Functions: []matrix.FunctionSamples{{Name: "copy_page", Samples: 40, Squares: 400}, {Name: "xfs_file_read_iter", Module: "xfs", Samples: 30, Squares: 226}},
	}
}

func readProfile(t *testing.T, p *matrix.ProfileCounts) (*matrix.ProfileCounts, error) {
	t.Helper()
	text, err := json.Marshal(Event{Type: EventAnswer, Probe: "cost/x", Answer: &Answer{Status: StatusOK, Profile: p}})
	if err != nil {
		t.Fatal(err)
	}
	ev, err := NewEventReader(strings.NewReader(string(text) + "\n")).Next()
	if err != nil {
		return nil, err
	}
	return ev.Answer.Profile, nil
}

// TestAProfileIsTheHostsToName has a guest say whose profile it is, which is nothing.
func TestAProfileIsTheHostsToName(t *testing.T) {
	text, err := json.Marshal(matrix.Profile{Kernel: "other", Machine: "m", Probe: "cost/y", Cell: "other/m/cost/y", Boot: 9, Missing: "\x1b[2J", ProfileCounts: *sound()})
	if err != nil {
		t.Fatal(err)
	}
	ev, err := NewEventReader(strings.NewReader(`{"type":"answer","probe":"cost/x","answer":{"status":"ok","profile":` + string(text) + "}}\n")).Next()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sound(), ev.Answer.Profile); diff != "" {
		t.Error(diff)
	}
}

func TestProfilesThatAreNone(t *testing.T) {
	for name, change := range map[string]func(*matrix.ProfileCounts){
		"samples of nobody":   func(p *matrix.ProfileCounts) { p.Samples++ },
		"no samples":          func(p *matrix.ProfileCounts) { *p = matrix.ProfileCounts{} },
		"less than none":      func(p *matrix.ProfileCounts) { p.User, p.Rest = -20, 45 },
		"too many":            func(p *matrix.ProfileCounts) { p.Samples, p.User = matrix.MaxSamples+1, matrix.MaxSamples+1-80 },
		"a function of none":  func(p *matrix.ProfileCounts) { p.Functions[0].Samples, p.Functions[0].Squares, p.User = 0, 0, 60 },
		"a function of debts": func(p *matrix.ProfileCounts) { p.Functions[0].Samples, p.User = -1, 61 },
		"too few squares":     func(p *matrix.ProfileCounts) { p.Functions[0].Squares = 39 },
		"too many squares":    func(p *matrix.ProfileCounts) { p.Functions[0].Squares = 1601 },
		"an escape":           func(p *matrix.ProfileCounts) { p.Functions[0].Name = "copy\x1b[31m" },
		"a path":              func(p *matrix.ProfileCounts) { p.Functions[0].Module = "../xfs" },
		"a blank":             func(p *matrix.ProfileCounts) { p.Functions[0].Name = "copy page" },
		"no name":             func(p *matrix.ProfileCounts) { p.Functions[0].Name = "" },
		"a long name":         func(p *matrix.ProfileCounts) { p.Functions[0].Name = strings.Repeat("a", matrix.MaxSymbol+1) },
		"a name twice": func(p *matrix.ProfileCounts) {
			p.Functions[1] = matrix.FunctionSamples{Name: "copy_page", Samples: 30, Squares: 30}
		},
		"too many functions": func(p *matrix.ProfileCounts) {
			p.Functions = make([]matrix.FunctionSamples, matrix.MaxFunctions+1)
		},
	} {
		p := sound()
		change(p)
		if _, err := readProfile(t, p); err == nil || !strings.Contains(err.Error(), "profile") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTheLargestProfileFits holds what an agent may send to the longest line.
func TestTheLargestProfileFits(t *testing.T) {
	p := &matrix.ProfileCounts{}
	for i := range matrix.MaxFunctions {
		name := strings.Repeat(string(rune('a'+i%26)), matrix.MaxSymbol-2) + string(rune('a'+i/26))
		p.Functions = append(p.Functions, matrix.FunctionSamples{Name: name, Module: strings.Repeat("m", 56), Samples: 10_000, Squares: 100_000_000})
		p.Samples += 10_000
	}
	if _, err := readProfile(t, p); err != nil {
		t.Error(err)
	}
}
