package profile

import (
	"fmt"
	"math/rand/v2"

	"golang.org/x/sys/unix"
)

// phase shifts a pass against the samples by doing nothing for a while. That is
// counted in rounds of a loop and not waited for by the clock, which goes on while
// the kernel takes a sample: a third of the time.
type phase struct {
	random *rand.Rand
	// most is how many rounds take two periods.
	most int64
	// sink keeps the loop from being left out.
	sink uint64
}

// newPhase finds out how long a round takes. Its shifts are the same each time.
func newPhase() (*phase, error) {
	const rounds = 20_000
	p := &phase{random: rand.New(rand.NewPCG(1, 2))}
	var from, to unix.Timespec
	p.spin(rounds) // it is there now
	err := unix.ClockGettime(unix.CLOCK_MONOTONIC_RAW, &from)
	if err == nil {
		p.spin(rounds)
		err = unix.ClockGettime(unix.CLOCK_MONOTONIC_RAW, &to)
	}
	if err != nil {
		return nil, fmt.Errorf("read the clock: %w", err)
	}
	p.most = 2 * period * rounds / max(1, to.Nano()-from.Nano())
	return p, nil
}

// shift spins for a part of two periods.
func (p *phase) shift() { p.spin(p.random.Int64N(max(1, p.most))) }

// spin goes round n times.
func (p *phase) spin(n int64) {
	x := p.sink | 1
	for range n {
		x = x<<7 ^ x>>9
	}
	p.sink = x
}
