package cost

import (
	"slices"

	"kmatrix/matrix"
)

// copyFunctions are the kernel's functions that do nothing but copy bytes: of x86,
// arch/x86/lib (copy_user*_64.S, memcpy_64.S, memmove_64.S, copy_page_64.S, copy_mc*.S,
// csum-copy_64.S) of 5.10 to 7.x. Which of them a kernel takes depends on its CPU and
// release; what a compiler has inlined counts for the function that it stands in.
var copyFunctions = []string{
	"copy_user_generic_string", "copy_user_generic_unrolled", "copy_user_enhanced_fast_string", "copy_user_fast_string", "rep_movs_alternative",
	"__copy_user_nocache", "copy_mc_fragile", "copy_mc_enhanced_fast_string", "csum_partial_copy_generic",
	"memcpy", "__memcpy", "memcpy_orig", "memcpy_erms", "memmove", "__memmove", "memmove_erms", "__memcpy_flushcache",
	"copy_page", "copy_page_regs",
}

// Copying is what copying bytes accounts for in two costs. By a count of instructions a
// copy costs what its instruction makes of it: a string instruction counts once for each
// element of 8 bytes, a loop once for each instruction. So two kernels that copy by
// different means are compared without it: the costs less Value and Other.
type Copying struct {
	// Value and Other are its parts of the costs, in their unit.
	Value float64 `json:"value"`
	Other float64 `json:"other"`
	// By are the functions of the one side, and OtherBy those of the other, those with
	// most samples first.
	By      []string `json:"by,omitempty"`
	OtherBy []string `json:"other_by,omitempty"`
}

// CopyingOf returns how many of a profile's samples copied bytes, and the functions that
// they hit, those with most samples first.
func CopyingOf(p matrix.ProfileCounts) (samples int64, by []string) {
	for _, f := range p.Functions {
		if f.Module == "" && slices.Contains(copyFunctions, f.Name) {
			samples += f.Samples
			by = append(by, f.Name)
		}
	}
	return samples, by
}

// copying returns the copies' parts of two costs, nil where neither has any.
func copying(here, there matrix.Profile, value, other float64) *Copying {
	n, by := CopyingOf(here.ProfileCounts)
	m, otherBy := CopyingOf(there.ProfileCounts)
	if n+m == 0 {
		return nil
	}
	return &Copying{
		Value: value * float64(n) / float64(here.Samples), Other: other * float64(m) / float64(there.Samples),
		By: by, OtherBy: otherBy,
	}
}
