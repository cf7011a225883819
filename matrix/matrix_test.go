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
