package cost

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

const (
	// mostPasses is how many passes count at most, enoughPasses how many do when they
	// agree, and leastPasses how many are timed whatever they take.
	mostPasses, enoughPasses, leastPasses = 31, 11, 3
	// most is how many are timed at most, those that do not count included.
	most = 2 * mostPasses
	// budget is the CPU time that warming up and timing may take together,
	// preparations included, once leastPasses are timed; warming up takes half at
	// most. It is no time of a clock on the wall: a guest that counts instructions
	// jumps to its next timer while it waits for the disk, and how long a disk takes
	// is the host's doing, so that the number of passes would be chance.
	budget = 100 * time.Millisecond
	// gain is the part by which a pass must be faster than all before it for the
	// measurement to be still warming up.
	gain = 0.05
	// agreement is the part of the median that the middle half of the passes may
	// differ by, to be enough: counted instructions repeat, time does not.
	agreement = 0.001
)

// work is what is done over and over.
type work struct {
	// prepare comes before each pass, untimed and uncounted; it may be nil.
	prepare func() error
	// pass is what is timed.
	pass func() error
	// units is how many bytes or operations a pass has.
	units int
	// warm reports whether prepare has carried out passes already.
	warm bool
	// arrived returns what a pass has moved, of a path whose destination keeps it; nil of
	// one that ends at a sink.
	arrived func() ([]byte, error)
}

// measure times passes, [undisturbed]. The detail says where the budget ended the
// warming up, "" where the passes settled.
func measure(w work, c clocks) (sample *matrix.Sample, detail string, err error) {
	err = undisturbed(func() (err error) {
		sample, detail, err = measureHere(w, c)
		return err
	})
	return sample, detail, err
}

// measureHere is [measure] on a thread that is undisturbed.
func measureHere(w work, c clocks) (_ *matrix.Sample, detail string, err error) {
	began, err := c.cpu()
	if err != nil {
		return nil, "", err
	}
	var (
		warming []float64
		timed   passes
		tally   sys.Tally
		spent   time.Duration
	)
	defer func() { err = errors.Join(err, tally.Close()) }()
	// once carries out a pass.
	once := func(counted bool) (p pass, err error) {
		if err := w.ready(); err != nil {
			return p, err
		}
		if counted {
			if err := tally.Start(); err != nil {
				return p, err
			}
		}
		took, n, err := c.time(w.pass)
		if err != nil {
			return p, err
		}
		now, err := c.cpu()
		if err != nil {
			return p, err
		}
		spent = time.Duration(now - began)
		p = pass{took: float64(took) / float64(w.units), waits: n}
		if !counted {
			return p, nil
		}
		return p, tally.Stop()
	}

	for !w.warm && !settled(warming) {
		if spent >= budget/2 && len(warming) > 0 {
			detail = fmt.Sprintf("warming up was ended after %d passes, by its budget", len(warming))
			break
		}
		p, err := once(false)
		if err != nil {
			return nil, "", err
		}
		warming = append(warming, p.took)
	}
	// Counting takes time and caches: it comes between passes only where
	// preparations do, whose counts are not the passes'.
	between := w.prepare != nil
	if !between {
		if err := tally.Start(); err != nil {
			return nil, "", err
		}
	}
	for len(timed) < leastPasses || spent < budget && !timed.enough() {
		p, err := once(between)
		if err != nil {
			return nil, "", err
		}
		timed = append(timed, p)
	}
	if !between {
		if err := tally.Stop(); err != nil {
			return nil, "", err
		}
	}
	times := timed.counting()
	waited, waits := timed.waited()
	// Between passes the thread may wait as well, for another of the runtime's: that
	// is in no pass's time.
	tally.Sums["voluntary_switches"] = waits
	return &matrix.Sample{
		Value: times[(len(times)-1)/2], Iterations: len(timed), LeftOut: len(timed) - len(times), Waited: waited,
		Low: times[0], High: times[len(times)-1], Counters: tally.Sums,
	}, detail, nil
}

// settled reports whether passes have become no faster: the last one does not gain
// on all before it. Where it was slow by chance and the next is faster again, the
// median is not.
func settled(times []float64) bool {
	last := len(times) - 1
	return last > 0 && times[last] >= (1-gain)*slices.Min(times[:last])
}
