package overfill

import (
	"cmp"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// memoryWay is a call that moves memory into a pipe.
type memoryWay struct {
	name, doc    string
	flags, shift int
}

// unaligned is how far behind the beginning of a page memory begins that is not aligned.
const unaligned = 512

var memoryWays = []memoryWay{
	{"vmsplice", "vmsplice", 0, 0},
	{"vmsplice-gift", "vmsplice with SPLICE_F_GIFT", unix.SPLICE_F_GIFT, 0},
	{"vmsplice-unaligned", "vmsplice from the middle of a page", 0, unaligned},
	{"vmsplice-gift-unaligned", "vmsplice with SPLICE_F_GIFT from the middle of a page", unix.SPLICE_F_GIFT, unaligned},
}

// ask moves the memory through a pipe that holds a part of it.
func (w memoryWay) ask() (found probe.Finding, err error) {
	whole, err := sys.Anonymous(overfilledSize + page)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, unix.Munmap(whole)) }()
	memory := whole[w.shift : w.shift+overfilledSize]
	copy(memory, source.Old()[:overfilledSize])
	p, err := sys.NewPipe(int(narrowMemory.pipe))
	if err != nil {
		return found, err
	}
	defer p.Close()
	r, flags := &sys.Recorder{}, w.flags|unix.SPLICE_F_NONBLOCK
	found, err = narrowMemory.fill(r, p, 0, overfilledSize, func(off, n int64) (int64, error) {
		return r.Do(fmt.Sprintf("vmsplice(pipe, the rest, %#x)", flags), func() (int64, error) {
			n, err := sys.RawVmsplice(p.W, memory[off:off+n], flags)
			return int64(n), err
		})
	})
	if err != nil || w.flags&unix.SPLICE_F_GIFT != 0 {
		return found, err
	}
	state, wrong := source.Held(memory, source.Old()[:overfilledSize], 0)
	found.Observation.Source, found.Detail = state, cmp.Or(wrong, found.Detail)
	return found, nil
}
