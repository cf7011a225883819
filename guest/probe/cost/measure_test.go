package cost

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// script is a clock on which passes take the times that it lists, in
// nanoseconds, and the last of them for ever. Half of each it has the CPU, and
// may wait for the other, as often as its list says.
type script struct {
	clock  int64
	waits  int64
	times  []int64
	sleeps []int64
	passes int
}

func (s *script) clocks() clocks {
	return clocks{
		wall:  func() (int64, error) { return s.clock, nil },
		cpu:   func() (int64, error) { return s.clock / 2, nil },
		waits: func() (int64, error) { return s.waits, nil },
	}
}

func (s *script) pass() error {
	s.clock += s.times[min(s.passes, len(s.times)-1)]
	if n := len(s.sleeps); n > 0 {
		s.waits += s.sleeps[s.passes%n]
	}
	s.passes++
	return nil
}

func TestMeasure(t *testing.T) {
	const ms = int64(time.Millisecond)
	for name, test := range map[string]struct {
		times  []int64
		warm   bool
		value  float64
		low    float64
		high   float64
		timed  int
		passes int
		detail string
	}{
		"steady":               {[]int64{1000}, false, 10, 10, 10, enoughPasses, 2 + enoughPasses, ""},
		"warming up":           {[]int64{9000, 5000, 3000, 2000, 1000}, false, 10, 10, 10, enoughPasses, 6 + enoughPasses, ""},
		"one slow pass":        {[]int64{1000, 4000, 1000, 1000}, false, 10, 10, 10, enoughPasses, 2 + enoughPasses, ""},
		"a tick in one":        {[]int64{1000, 1000, 1000, 5000, 1000, 1002, 1000}, false, 10, 10, 50, enoughPasses, 2 + enoughPasses, ""},
		"spread":               {slices.Repeat([]int64{1000, 1500, 2000}, 12), false, 15, 10, 20, mostPasses, 2 + mostPasses, ""},
		"slower from pass two": {[]int64{1000, 7000}, false, 70, 70, 70, enoughPasses, 2 + enoughPasses, ""},
		"warm already":         {[]int64{1000}, true, 10, 10, 10, enoughPasses, enoughPasses, ""},
		// Half of each pass is CPU time.
		"slow":          {[]int64{60 * ms}, false, 600000, 600000, 600000, leastPasses, 2 + leastPasses, ""},
		"medium":        {[]int64{36 * ms}, false, 360000, 360000, 360000, 4, 2 + 4, ""},
		"never settled": {[]int64{180 * ms, 160 * ms, 140 * ms, 120 * ms, 100 * ms, 80 * ms}, false, 1400000, 1200000, 1600000, leastPasses, 1 + leastPasses, "after 1 passes"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{times: test.times}
			got, detail, err := measure(work{pass: s.pass, units: 100, warm: test.warm}, s.clocks())
			if err != nil {
				t.Fatal(err)
			}
			if got.Value != test.value || got.Low != test.low || got.High != test.high || got.Iterations != test.timed {
				t.Errorf("sample %+v", got)
			}
			if s.passes != test.passes {
				t.Errorf("%d passes, want %d", s.passes, test.passes)
			}
			if test.detail == "" && detail != "" || !strings.Contains(detail, test.detail) {
				t.Errorf("detail %q, want %q", detail, test.detail)
			}
		})
	}
}

// TestPassesThatWaitedLeastCount has passes wait, so that a half of their time is
// not the thread's.
func TestPassesThatWaitedLeastCount(t *testing.T) {
	const other = 4000
	for name, test := range map[string]struct {
		times, sleeps          []int64
		value                  float64
		timed, leftOut, waited int
	}{
		"none waits":        {[]int64{1000}, nil, 10, enoughPasses, 0, 0},
		"each waits":        {[]int64{1000}, []int64{1}, 5, enoughPasses, 0, enoughPasses},
		"every other waits": {slices.Repeat([]int64{1000, other}, most), []int64{0, 1}, 10, 2*enoughPasses - 1, enoughPasses - 1, enoughPasses - 1},
		"two in three wait": {slices.Repeat([]int64{1000, other, other}, most), []int64{0, 1, 3}, 10, 3*enoughPasses - 2, 2*enoughPasses - 2, 2*enoughPasses - 2},
		"some wait twice":   {slices.Repeat([]int64{1000, other}, most), []int64{1, 2}, 5, 2*enoughPasses - 1, enoughPasses - 1, 2*enoughPasses - 1},
		"three do not wait": {[]int64{1000}, append([]int64{0, 0, 0}, slices.Repeat([]int64{1}, most)...), 5, 13, 0, 10},
		"mostly they wait":  {slices.Repeat([]int64{1000, 1500, 2000}, most), append(slices.Repeat([]int64{0}, fewestCounted), slices.Repeat([]int64{1}, most)...), 15, most, most - fewestCounted, most - fewestCounted},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{times: test.times, sleeps: test.sleeps}
			got, _, err := measure(work{pass: s.pass, units: 100, warm: true}, s.clocks())
			if err != nil {
				t.Fatal(err)
			}
			if got.Value != test.value || got.Iterations != test.timed || got.LeftOut != test.leftOut || got.Waited != test.waited {
				t.Errorf("%+v", got)
			}
			if waits := got.Counters["voluntary_switches"]; waits != s.waits {
				t.Errorf("%d waits of %d", waits, s.waits)
			}
		})
	}
}

// TestTheBudgetIsCPUTime has passes wait for seconds, as they do for the clock of a
// guest that counts instructions, and spend no CPU time on it.
func TestTheBudgetIsCPUTime(t *testing.T) {
	s := &script{times: []int64{int64(10 * time.Second)}, sleeps: []int64{1}}
	c := s.clocks()
	c.cpu = func() (int64, error) { return int64(s.passes) * 1000, nil }
	got, _, err := measure(work{pass: s.pass, units: 100}, c)
	if err != nil || got.Iterations != enoughPasses || got.Value != 10 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestWaitingBetweenPassesIsNotTheirs has the thread wait where no pass is timed,
// as the runtime may make it.
func TestWaitingBetweenPassesIsNotTheirs(t *testing.T) {
	c, calls, waits := machine, 0, int64(0)
	c.cpu = func() (int64, error) {
		// The first call begins the measurement, two stand around each pass, and the
		// third comes after it.
		if calls++; calls%3 == 1 {
			if err := unix.Nanosleep(&unix.Timespec{Nsec: 1e6}, nil); err != nil {
				return 0, err
			}
			waits++
		}
		return machine.cpu()
	}
	// The kernel's count has a busy machine's switches within passes as well.
	c.waits = func() (int64, error) { return waits, nil }
	got, _, err := measure(work{pass: func() error { return nil }, units: 1}, c)
	if err != nil || waits == 0 || got.Waited != 0 || got.Counters["voluntary_switches"] != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAPassThatFailsIsNoSample(t *testing.T) {
	broken := errors.New("broken")
	for name, w := range map[string]work{
		"pass":    {pass: func() error { return broken }},
		"prepare": {prepare: func() error { return broken }, pass: func() error { return nil }},
	} {
		w.units = 1
		s := &script{}
		if got, _, err := measure(w, s.clocks()); !errors.Is(err, broken) || got != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestOnlyPassesCount has the preparation, but not the pass, touch memory that
// is new.
func TestOnlyPassesCount(t *testing.T) {
	const pages = 64
	var memory []byte
	fresh := func() (err error) {
		if err := unmap(memory); err != nil {
			return err
		}
		memory, err = unix.Mmap(-1, 0, pages<<12, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		return err
	}
	touch := func() error {
		for at := 0; at < len(memory); at += 1 << 12 {
			memory[at]++
		}
		return nil
	}
	both := func() error { return errors.Join(fresh(), touch()) }
	nothing := func() error { return nil }
	for name, test := range map[string]struct {
		prepare, pass func() error
		faults        bool
	}{
		"faults of the pass":        {fresh, touch, true},
		"faults of the preparation": {both, nothing, false},
		"without preparation":       {nil, both, true},
	} {
		s, _, err := measure(work{prepare: test.prepare, pass: test.pass, units: 1}, machine)
		if err != nil {
			t.Fatal(err)
		}
		faults, most := s.Counters["minor_faults"], int64(s.Iterations*pages)
		if test.faults && faults < most/4 || !test.faults && faults > most/4 {
			t.Errorf("%s: %d faults in %d passes of %d pages", name, faults, s.Iterations, pages)
		}
	}
	if err := unmap(memory); err != nil {
		t.Fatal(err)
	}
}

func TestAPathThatEndsEarlyFails(t *testing.T) {
	left := 3
	err := all(0, 8, func(_ int64, n int) (int, error) {
		n = min(n, left)
		left -= n
		return n, nil
	})
	if err == nil || !strings.Contains(err.Error(), "5 bytes early, at 3") {
		t.Errorf("error %v", err)
	}
}

func TestCallsAreRepeated(t *testing.T) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ends[0])
	defer unix.Close(ends[1])
	answers := []error{unix.EINTR, unix.EAGAIN, nil}
	n, err := do("write", ends[1], unix.POLLOUT, func() (int, error) {
		a := answers[0]
		answers = answers[1:]
		return 7, a
	})
	if n != 7 || err != nil || len(answers) > 0 {
		t.Errorf("%d, %v, %d answers left", n, err, len(answers))
	}
	if _, err := do("write to nowhere", -1, 0, func() (int, error) { return -1, unix.EBADF }); !errors.Is(err, unix.EBADF) || !strings.HasPrefix(err.Error(), "write to nowhere: ") {
		t.Errorf("error %v", err)
	}
}
