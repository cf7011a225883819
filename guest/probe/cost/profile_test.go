package cost

import (
	"errors"
	"testing"

	"kmatrix/guest/probe/profile"
)

// fakeSampler takes a sample in every period of a script's clock, wherever it
// stands.
type fakeSampler struct {
	script *script
	at     int64
	period int64
	shifts int
	closed bool
}

func (f *fakeSampler) Shift() { f.shifts++ }

func (f *fakeSampler) Take() ([]profile.Sample, error) {
	var list []profile.Sample
	for ; f.at < f.script.clock; f.at += f.period {
		list = append(list, profile.Sample{Time: uint64(f.at)})
	}
	return list, nil
}

func (f *fakeSampler) Lost() int64  { return 7 }
func (f *fakeSampler) Close() error { f.closed = true; return nil }

func TestSamplesAreThoseOfWarmPasses(t *testing.T) {
	s := &script{times: []int64{900_000, 200_000}}
	var passes [][2]int64
	w := work{
		prepare: func() error { s.clock += 300_000; return nil },
		pass: func() error {
			from := s.clock
			err := s.pass()
			passes = append(passes, [2]int64{from, s.clock})
			return err
		},
	}
	f := &fakeSampler{script: s, period: 13_007}
	warm := 0
	got, err := sampleWork(w, s.clocks(), func() (sampler, error) {
		f.at, warm = s.clock, len(passes)
		return f, nil
	})
	if err != nil || !f.closed || got.lost != 7 || warm < 2 || got.passes != len(passes)-warm {
		t.Fatalf("%d passes of %d, %d before the first sample, %d lost, %v; closed: %v", got.passes, len(passes), warm, got.lost, err, f.closed)
	}
	if n := len(got.samples); n < enoughSamples || n > enoughSamples+20 {
		t.Errorf("%d samples", n)
	}
	for _, one := range got.samples {
		in := false
		for _, p := range passes[warm:] {
			in = in || int64(one.Time) >= p[0] && int64(one.Time) < p[1]
		}
		if !in {
			t.Fatalf("the sample at %d is in no pass", one.Time)
		}
	}
	if f.shifts != got.passes {
		t.Errorf("%d of %d passes were shifted", f.shifts, got.passes)
	}
}

func TestSamplingEndsByItsBudget(t *testing.T) {
	s := &script{times: []int64{int64(samplingBudget)}} // of which it has the CPU for half
	f := &fakeSampler{script: s}
	slow := func() (sampler, error) { f.at, f.period = s.clock, 1<<20; return f, nil }
	got, err := sampleWork(work{pass: s.pass}, s.clocks(), slow)
	if err != nil || got.passes != 2 || len(got.samples) == 0 || len(got.samples) >= enoughSamples {
		t.Errorf("%d samples in %d passes, %v", len(got.samples), got.passes, err)
	}
}

func TestWithoutSamplesThereIsNoProfile(t *testing.T) {
	s := &script{times: []int64{int64(samplingBudget)}}
	f := &fakeSampler{script: s, at: 1 << 62, period: 1}
	if _, err := sampleWork(work{pass: s.pass}, s.clocks(), func() (sampler, error) { return f, nil }); err == nil || !f.closed {
		t.Errorf("%v; closed: %v", err, f.closed)
	}
	lacking := errors.New("no perf events")
	if _, err := sampleWork(work{pass: s.pass}, s.clocks(), func() (sampler, error) { return nil, lacking }); !errors.Is(err, lacking) {
		t.Error(err)
	}
}
