package matrix

import "testing"

func TestMatch(t *testing.T) {
	const name = "stability/splice/punch/xfs/readahead"
	for pattern, want := range map[string]bool{
		name:                    true,
		"stability":             true,
		"stability/splice/":     true,
		"stability/spl":         false,
		"...":                   true,
		"stability/...":         true,
		"stability/*/punch/...": true,
		"stability/*/write/...": false,
		"stability/*/*/xfs/*":   true,
		"stability/*/*/xfs":     false,
		"stability/splice/punch/xfs/readahead/...": true,
		"stability/*/punch/x?s/[dr]*":              true,
		"cost/...":                                 false,
		"":                                         false,
		"[":                                        false,
	} {
		if got := Match(pattern, name); got != want {
			t.Errorf("Match(%q, %q) = %v, want %v", pattern, name, got, want)
		}
	}
}

func TestContracts(t *testing.T) {
	for _, test := range []struct {
		contract Contract
		class    Class
		want     bool
	}{
		{Snapshot, Stable, true},
		{Snapshot, Changed, false},
		{Snapshot, Zeroed, false},
		{Reference, Stable, true},
		{Reference, Changed, true},
		{Reference, Zeroed, true},
		{Reference, Torn, false},
		{Reference, ErrnoClass("EINVAL"), false},
		{NoContract, Torn, true},
		{NoContract, Clobbered, true},
		{Reference, Clobbered, false},
		{Snapshot, Clobbered, false},
		{"other", Stable, false},
	} {
		if got := test.contract.Allows(test.class); got != test.want {
			t.Errorf("contract %q allows %q: %v, want %v", test.contract, test.class, got, test.want)
		}
	}
}

func TestCellID(t *testing.T) {
	c := Cell{Kernel: "6.1", Machine: "default", Probe: "stability/splice/punch/xfs/readahead"}
	if got, want := c.ID(), "6.1/default/stability/splice/punch/xfs/readahead"; got != want {
		t.Errorf("ID() = %q, want %q", got, want)
	}
}

func TestMatchTitle(t *testing.T) {
	const title = "KASAN: slab-use-after-free Read in pipe_read"
	for pattern, want := range map[string]bool{
		title:                      true,
		"*":                        true,
		"KASAN: *":                 true,
		"KASAN:*Read in *":         true,
		"*pipe_read":               true,
		"KASAN: *free*free*":       false,
		"KASAN":                    false,
		"kasan: *":                 false,
		"":                         false,
		"*Write*":                  false,
		"KASAN: slab-*in pipe_rea": false,
	} {
		if got := MatchTitle(pattern, title); got != want {
			t.Errorf("MatchTitle(%q) = %v, want %v", pattern, got, want)
		}
	}
}

func TestAllCrashReports(t *testing.T) {
	a, b := CrashReport{Fingerprint: "a", Count: 2}, CrashReport{Fingerprint: "b", Count: 1, Known: true}
	known := a
	known.Known = true
	list := AllCrashReports(Run{Kernels: []Column{{Name: "l", CrashReports: []CrashReport{b}}}}, []Result{
		{Kernel: "k", Cell: "k/m/x", Attempt: Attempt{CrashReports: []CrashReport{a, b}}}, {Kernel: "k", Cell: "k/m/x", Boot: 2, Attempt: Attempt{CrashReports: []CrashReport{a}}}, {Kernel: "l", Cell: "l/m/x", Attempt: Attempt{CrashReports: []CrashReport{known}}},
	})
	if len(list) != 2 || list[0].Count != 6 || list[0].Known || len(list[0].Cells) != 2 || len(list[0].Kernels) != 2 || !list[1].Known || len(list[1].Cells) != 1 || len(list[1].Kernels) != 2 {
		t.Errorf("%+v", list)
	}
	if got := MergeCrashReports([]CrashReport{a}, []CrashReport{a, b, {Fingerprint: "c"}}, 2); len(got) != 2 || got[0].Count != 4 {
		t.Errorf("%+v", got)
	}
}
