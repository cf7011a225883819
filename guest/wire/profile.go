package wire

import (
	"fmt"
	"regexp"

	"kmatrix/matrix"
	"kmatrix/matrix/printable"
)

// symbolRE is what a kernel calls a function or a module.
var symbolRE = regexp.MustCompile(`^[A-Za-z0-9_.$-]+$`)

// checkProfile refuses a guest's profile that can be none: every sample is counted
// once, and names are names.
func checkProfile(p *matrix.ProfileCounts) error {
	if len(p.Functions) > matrix.MaxFunctions {
		return fmt.Errorf("its profile names %d functions, more than %d", len(p.Functions), matrix.MaxFunctions)
	}
	for _, n := range []int64{p.Samples, int64(p.Passes), p.Lost, p.User, p.Unlocated, p.Rest} {
		if n < 0 || n > matrix.MaxSamples {
			return fmt.Errorf("its profile counts %d samples or passes", n)
		}
	}
	seen := map[[2]string]bool{}
	sum := p.User + p.Unlocated + p.Rest
	for _, f := range p.Functions {
		key := [2]string{f.Module, f.Name}
		if len(f.Name) > matrix.MaxSymbol || len(f.Module) > matrix.MaxSymbol || !symbolRE.MatchString(f.Name) || f.Module != "" && !symbolRE.MatchString(f.Module) || seen[key] {
			return fmt.Errorf("its profile names the function %q of %q", printable.Line(f.Name, 40), printable.Line(f.Module, 40))
		}
		if f.Samples < 1 || f.Samples > p.Samples || f.Squares < f.Samples || f.Squares > f.Samples*f.Samples {
			return fmt.Errorf("its profile counts %d samples in %s", f.Samples, f.Name)
		}
		seen[key] = true
		sum += f.Samples
	}
	if sum != p.Samples || p.Samples == 0 {
		return fmt.Errorf("its profile has %d samples, of which it places %d", p.Samples, sum)
	}
	return nil
}
