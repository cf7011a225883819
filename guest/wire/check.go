package wire

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"kmatrix/matrix"
	"kmatrix/matrix/printable"
)

// Bounds of what a guest may count: more bytes than any probe moves, more passes
// than any makes, and a cost beyond all units.
const (
	maxBytes  = 1 << 50
	maxPasses = 1 << 40
	maxCost   = 1e15
)

// classRE are the classes of an observation: those of matrix, and errors by name.
var classRE = regexp.MustCompile(`^(stable|changed|zeroed|mixed|clobbered|torn|errno:[A-Z0-9]{0,20})$`)

// maxOrder is more than the order of any folio.
const maxOrder = 63

// checkObservation cleans and caps an observation, and refuses one that can't be.
func checkObservation(o *matrix.Observation) error {
	if !classRE.MatchString(string(o.Class)) {
		return fmt.Errorf("%q is no class", printable.Line(string(o.Class), 40))
	}
	if o.Source != "" && !slices.Contains(matrix.SourceStates, o.Source) {
		return fmt.Errorf("%q is no state of a source", printable.Line(string(o.Source), 40))
	}
	if o.FolioOrder != nil && (*o.FolioOrder < 0 || *o.FolioOrder > maxOrder) {
		return fmt.Errorf("it tells of a folio of order %d", *o.FolioOrder)
	}
	for _, n := range []int64{o.Bytes, o.Old, o.New, o.Zero, o.Clobbered, o.Other, o.FirstOffset + 1} {
		if n < 0 || n > maxBytes {
			return fmt.Errorf("it counts %d bytes", n)
		}
	}
	if sum := o.Old + o.New + o.Zero + o.Clobbered + o.Other; o.Bytes != sum {
		return fmt.Errorf("it counts %d bytes and their kinds add up to %d", o.Bytes, sum)
	}
	o.Calls = o.Calls[:min(len(o.Calls), MaxCalls)]
	o.Pages = o.Pages[:min(len(o.Pages), MaxPages)]
	for i := range o.Calls {
		o.Calls[i].Name = printable.Line(o.Calls[i].Name, 200)
		o.Calls[i].Errno = printable.Line(o.Calls[i].Errno, 40)
		o.Calls[i].Count = max(0, o.Calls[i].Count)
	}
	for _, p := range o.Pages {
		if p.First < 0 || p.Last < p.First || p.Last > maxBytes {
			return fmt.Errorf("it names the pages %s", p)
		}
	}
	return nil
}

// checkSample cleans and caps a sample, and refuses one that cannot be. JSON has no NaN and
// no infinity.
func checkSample(s *matrix.Sample) error {
	if s.Unit != "" || s.Better != "" || s.Clock != "" || s.Indicative {
		return errors.New("it names a unit or a clock, which are the host's to say")
	}
	for _, v := range []float64{s.Value, s.Low, s.High} {
		if v < 0 || v > maxCost {
			return fmt.Errorf("%g is no cost", v)
		}
	}
	if s.Iterations < 0 || s.Iterations > maxPasses || s.Waited < 0 || s.Waited > s.Iterations {
		return fmt.Errorf("it made %d passes, of which %d waited", s.Iterations, s.Waited)
	}
	s.Counters = cleanCounters(s.Counters)
	return nil
}

// cleanCounters keeps the first [MaxCounters] by name, under cleaned names; what is
// below nothing counts as nothing.
func cleanCounters(counters map[string]int64) map[string]int64 {
	if counters == nil {
		return nil
	}
	clean := map[string]int64{}
	for _, name := range slices.Sorted(maps.Keys(counters))[:min(len(counters), MaxCounters)] {
		clean[printable.Line(name, 40)] = max(0, counters[name])
	}
	return clean
}
