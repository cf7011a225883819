package cost

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

const (
	// mostPasses is how many passes are timed at most, leastPasses at least, and
	// enoughPasses when they agree.
	mostPasses, enoughPasses, leastPasses = 21, 5, 3
	// budget is what warming up and timing may take together, preparations
	// included, once leastPasses are timed; warming up takes half at most.
	budget = 100 * time.Millisecond
	// gain is the part by which a pass must be faster than all before it for the
	// course to be still warming up.
	gain = 0.05
	// agreement is the part of the median that the middle half of the passes may
	// differ by, to be enough: counted instructions repeat, time does not.
	agreement = 0.01
)

// work is what is done over and over.
type work struct {
	// prepare comes before each pass, untimed and uncounted; it may be nil.
	prepare func() error
	// pass is what is timed.
	pass func() error
	// units is how many bytes or operations a pass has, unit their name in
	// [matrix.Sample].
	units int
	unit  string
	// warm tells that prepare has carried out passes already.
	warm bool
}

// measure times passes. The thread is locked, others are kept from preempting it,
// and the collector is off meanwhile. The detail says where the budget ended the
// warming up, "" where the passes settled.
func measure(w work, c clocks) (_ *matrix.Sample, detail string, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	end, err := sys.Quieten()
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, end()) }()
	began, err := c.wall()
	if err != nil {
		return nil, "", err
	}
	var (
		warming, times []float64
		tally          sys.Tally
		clock          = began
		waited         int
		waits          int64
	)
	defer func() { err = errors.Join(err, tally.Close()) }()
	spent := func() time.Duration { return time.Duration(clock - began) }
	// once carries out a pass and appends its nanoseconds per unit.
	once := func(to *[]float64, counted bool) error {
		if w.prepare != nil {
			if err := w.prepare(); err != nil {
				return fmt.Errorf("prepare a pass: %w", err)
			}
		}
		if counted {
			if err := tally.Start(); err != nil {
				return err
			}
		}
		took, n, err := c.time(w.pass)
		if err != nil {
			return err
		}
		if n > 0 && to == &times {
			waited++
			waits += n
		}
		*to = append(*to, float64(took)/float64(w.units))
		if clock, err = c.wall(); err != nil || !counted {
			return err
		}
		return tally.Stop()
	}

	for !w.warm && !settled(warming) {
		if spent() >= budget/2 && len(warming) > 0 {
			detail = fmt.Sprintf("warming up was ended after %d passes, by its budget", len(warming))
			break
		}
		if err := once(&warming, false); err != nil {
			return nil, "", err
		}
	}
	// Counting takes time and caches: it comes between passes only where
	// preparations do, whose counts are not the passes'.
	between := w.prepare != nil
	if !between {
		if err := tally.Start(); err != nil {
			return nil, "", err
		}
	}
	for len(times) < leastPasses || len(times) < mostPasses && spent() < budget && !agree(times) {
		if err := once(&times, between); err != nil {
			return nil, "", err
		}
	}
	if !between {
		if err := tally.Stop(); err != nil {
			return nil, "", err
		}
	}
	// Between passes the thread may wait as well, for another of the runtime's: that
	// is in no pass's time.
	tally.Sums["voluntary_switches"] = waits
	slices.Sort(times)
	return &matrix.Sample{
		Value: times[(len(times)-1)/2], Unit: w.unit, Better: matrix.Lower, Clock: matrix.ClockWall,
		Iterations: len(times), Waited: waited, Low: times[0], High: times[len(times)-1], Counters: tally.Sums,
	}, detail, nil
}

// settled tells whether passes have become no faster: the last one does not gain
// on all before it. Where it was slow by chance and the next is faster again, the
// median is not.
func settled(times []float64) bool {
	last := len(times) - 1
	return last > 0 && times[last] >= (1-gain)*slices.Min(times[:last])
}

// agree tells whether more passes would tell no more: the middle half of them are
// the same.
func agree(times []float64) bool {
	n := len(times)
	if n < enoughPasses {
		return false
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[n*3/4]-sorted[n/4] <= agreement*sorted[n/2]
}
