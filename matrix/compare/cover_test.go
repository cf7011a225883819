package compare

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

func TestCover(t *testing.T) {
	all := []string{"cost/tee/4k", "s/punch/ext4/dirty", "s/punch/xfs/dirty", "s/punch/xfs/dirty/4k", "s/punch/xfs/clean", "s/write/xfs/dirty", "t/punch/xfs/dirty"}
	for _, test := range []struct{ names, want []string }{
		{nil, nil},
		{[]string{"s/punch/xfs/dirty"}, []string{"s/punch/xfs/dirty"}},
		{[]string{"s/punch/xfs/clean", "s/punch/xfs/dirty", "s/punch/xfs/dirty/4k"}, []string{"s/punch/xfs/..."}},
		{[]string{"s/punch/xfs/dirty", "s/punch/xfs/dirty/4k"}, []string{"s/punch/xfs/dirty", "s/punch/xfs/dirty/4k"}},
		{[]string{"s/punch/ext4/dirty", "s/punch/xfs/clean", "s/punch/xfs/dirty", "s/punch/xfs/dirty/4k", "cost/tee/4k"}, []string{"cost/tee/4k", "s/punch/..."}},
		{all, []string{"cost/tee/4k", "s/...", "t/punch/xfs/dirty"}},
	} {
		got := Cover(test.names, all)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%v: %s", test.names, diff)
		}
		// What is said is exact.
		for _, name := range all {
			said := slices.ContainsFunc(got, func(p string) bool { return p == name || strings.HasSuffix(p, "...") && matrix.Match(p, name) })
			if said != slices.Contains(test.names, name) {
				t.Errorf("%v: %s is said: %v", got, name, said)
			}
		}
	}
}

// TestCoverSaysNoMoreThanWasAsked has a run of one group alone.
func TestCoverSaysNoMoreThanWasAsked(t *testing.T) {
	all := []string{"stability/tee/mmap/tmpfs/dirty", "stability/tee/mmap/xfs/dirty"}
	if diff := cmp.Diff([]string{"stability/tee/..."}, Cover(all, all)); diff != "" {
		t.Error(diff)
	}
}
