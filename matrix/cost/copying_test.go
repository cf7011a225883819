package cost

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

func profileBy(functions ...matrix.FunctionSamples) matrix.Profile {
	return matrix.Profile{ProfileCounts: matrix.ProfileCounts{Samples: 1000, Passes: 9, Functions: functions}}
}

func hit(name string, n int64) matrix.FunctionSamples {
	return matrix.FunctionSamples{Name: name, Samples: n, Squares: n}
}

// TestCopiesAreToldApart has two kernels that do the same but for how they copy.
func TestCopiesAreToldApart(t *testing.T) {
	loop := profileBy(hit("copy_user_generic_unrolled", 600), hit("generic_file_read_iter", 300), hit("memcpy", 100))
	str := profileBy(hit("generic_file_read_iter", 500), hit("rep_movs_alternative", 333))
	k := &Delta{Value: 0.3, Other: 0.5}
	k.Locate(str, loop)
	c := k.Where.Copying
	if c == nil || math.Abs(c.Value-0.0999) > 1e-9 || math.Abs(c.Other-0.35) > 1e-9 {
		t.Fatalf("copying is %+v", c)
	}
	if diff := cmp.Diff([][]string{{"rep_movs_alternative"}, {"copy_user_generic_unrolled", "memcpy"}}, [][]string{c.By, c.OtherBy}); diff != "" {
		t.Error(diff)
	}
	// What clears pages, or copies in a module, is no copy of the kernel's own.
	module := hit("memcpy", 10)
	module.Module = "odd"
	none := profileBy(hit("clear_page_rep", 900), module)
	k.Locate(none, none)
	if k.Where.Copying != nil {
		t.Errorf("copying is %+v", k.Where.Copying)
	}
}
