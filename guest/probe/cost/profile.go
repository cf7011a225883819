package cost

import (
	"errors"
	"fmt"
	"time"

	"kmatrix/guest/probe/profile"
	"kmatrix/matrix"
)

const (
	// enoughSamples make the share of a function that has a tenth of them
	// uncertain by a thirtieth of it, and the whole take a second of emulation.
	enoughSamples = 10_000
	// samplingBudget is the CPU time of the thread that passes may take to get them,
	// preparations included.
	samplingBudget = 500 * time.Millisecond
)

// sampler takes samples of what the thread does, see [profile.Sampler].
type sampler interface {
	Shift()
	Take() ([]profile.Sample, error)
	Lost() int64
	Close() error
}

// sampled is what a profile is made of.
type sampled struct {
	samples []profile.Sample
	passes  int
	lost    int64
}

// profileOf carries out passes as [measure] does, warm ones, and finds out where
// their time goes.
func profileOf(w work) (*matrix.ProfileCounts, error) {
	var got sampled
	err := undisturbed(func() error {
		var err error
		got, err = sampleWork(w, machine, func() (sampler, error) { return profile.Open() })
		return err
	})
	if err != nil {
		return nil, err
	}
	symbols, err := profile.ReadSymbols()
	if err != nil {
		return nil, err
	}
	p := profile.Count(got.samples, symbols)
	p.Passes, p.Lost = got.passes, got.lost
	return p, nil
}

// sampleWork warms up, and then takes samples until there are enough. What stands
// between passes, preparations above all, is sampled too, and left out by its time.
func sampleWork(w work, c clocks, open func() (sampler, error)) (got sampled, err error) {
	var warming []float64
	for passes := 0; passes < mostPasses && !settled(warming); passes++ {
		if err := w.ready(); err != nil {
			return got, err
		}
		took, _, err := c.time(w.pass)
		if err != nil {
			return got, err
		}
		warming = append(warming, float64(took))
	}
	s, err := open()
	if err != nil {
		return got, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	began, err := c.cpu()
	if err != nil {
		return got, err
	}
	for spent := time.Duration(0); len(got.samples) < enoughSamples && spent < samplingBudget; {
		if err := w.ready(); err != nil {
			return got, err
		}
		s.Shift()
		from, err := c.wall()
		if err != nil {
			return got, err
		}
		if err := w.pass(); err != nil {
			return got, err
		}
		to, err := c.wall()
		if err != nil {
			return got, err
		}
		taken, err := s.Take()
		if err != nil {
			return got, err
		}
		for _, one := range taken {
			if int64(one.Time) >= from && int64(one.Time) < to {
				one.Pass = got.passes
				got.samples = append(got.samples, one)
			}
		}
		got.passes++
		now, err := c.cpu()
		if err != nil {
			return got, err
		}
		spent = time.Duration(now - began)
	}
	got.lost = s.Lost()
	if len(got.samples) == 0 {
		return got, fmt.Errorf("no sample fell into %d passes", got.passes)
	}
	return got, nil
}

// ready prepares a pass, where there is anything to prepare.
func (w work) ready() error {
	if w.prepare == nil {
		return nil
	}
	if err := w.prepare(); err != nil {
		return fmt.Errorf("prepare a pass: %w", err)
	}
	return nil
}
