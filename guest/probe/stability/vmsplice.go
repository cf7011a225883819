package stability

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

const (
	// vmspliceSize is what is spliced: 16 pages of private memory.
	vmspliceSize = 64 << 10
	// vmspliceShift is where memory begins that is not aligned to pages.
	vmspliceShift = 512
	// vmspliceTarget is where the page is that mutations aim at.
	vmspliceTarget = 5 * sys.PageSize
)

// memoryMutation changes memory after vmsplice has returned: the mapping whole,
// of which the old pattern begins at shift.
type memoryMutation struct {
	name, doc string
	do        func(r *sys.Recorder, whole []byte, shift int64) error
}

var memoryMutations = []memoryMutation{
	{"store", "a store to one page of it", func(_ *sys.Recorder, whole []byte, shift int64) error {
		copy(whole[vmspliceTarget:], source.New(vmspliceTarget-shift, sys.PageSize))
		return nil
	}},
	{"dontneed", "MADV_DONTNEED of one page of it, and a store there", func(r *sys.Recorder, whole []byte, shift int64) error {
		if _, err := r.Do(fmt.Sprintf("madvise(%d, %d, DONTNEED)", vmspliceTarget, sys.PageSize), func() (int64, error) {
			return 0, unix.Madvise(whole[vmspliceTarget:vmspliceTarget+sys.PageSize], unix.MADV_DONTNEED)
		}); err != nil {
			return err
		}
		copy(whole[vmspliceTarget:], source.New(vmspliceTarget-shift, sys.PageSize))
		return nil
	}},
	{"unmap", "all of it unmapped, and new memory in its place that is written to", func(r *sys.Recorder, whole []byte, shift int64) error {
		if _, err := r.Do(fmt.Sprintf("mmap(FIXED, %d)", len(whole)), func() (int64, error) {
			// A mapping of what is mapped unmaps that first (mmap(2)).
			_, err := unix.MmapPtr(-1, 0, unsafe.Pointer(&whole[0]), uintptr(len(whole)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED)
			return 0, err
		}); err != nil {
			return err
		}
		copy(whole[shift:], source.New(0, vmspliceSize))
		return nil
	}},
}

func init() {
	for _, c := range []struct {
		name, doc, origin string
		flags, shift      int
		port              bool
	}{
		{"vmsplice", "vmsplice", "L. Torvalds, 2023-06-29 18:42: vmsplice might as well copy, as write does", 0, 0, false},
		{"vmsplice-gift", "vmsplice with SPLICE_F_GIFT", "vmsplice(2): whoever gifts pages must never modify them again; D. Howells, 2023-06-29 15:54, patch 2/4: steal gifted pages, or copy", unix.SPLICE_F_GIFT, 0, false},
		{"vmsplice-unaligned", "vmsplice from the middle of a page", "vmsplice(2): memory of any alignment may be spliced", 0, vmspliceShift, false},
		{"vmsplice-gift-unaligned", "vmsplice with SPLICE_F_GIFT from the middle of a page", "vmsplice(2): gifted memory must be aligned to pages, in address and length", unix.SPLICE_F_GIFT, vmspliceShift, false},
		{"vmsplice-virtio", "vmsplice into a pipe and on to a virtio port whose host waits,", portOrigin, 0, 0, true},
		{"vmsplice-gift-virtio", "vmsplice with SPLICE_F_GIFT into a pipe and on to a virtio port whose host waits,", portOrigin, unix.SPLICE_F_GIFT, 0, true},
	} {
		var all []probe.Probe
		var features []string
		end := "pipe"
		if c.port {
			features, end = []string{sys.PortFeature}, "port"
		}
		for _, m := range memoryMutations {
			all = append(all, probe.Probe{
				Probe: matrix.Probe{
					Name: "stability/" + c.name + "/" + m.name + "/anon/dirty", Kind: matrix.Stability, Features: features, Since: "5.10",
					Summary: fmt.Sprintf("%s of 64 KiB of private memory, then %s: what does the %s deliver?", c.doc, m.doc, end),
					Steps: []string{
						"maps private memory and fills 64 KiB of it with the old pattern",
						"moves them by " + c.doc,
						"mutates: " + m.doc + ", of the new pattern",
						"reads the " + end + " and counts old, new, zero and other bytes",
					},
				},
				Run: func(context.Context, *probe.Env) (probe.Finding, error) { return vmsplice(c.flags, c.shift, c.port, m) },
			})
		}
		probe.Register(family(c.name, c.doc+" of private memory", c.origin), all...)
	}
}

// vmspliceAll moves all of b into a pipe.
func vmspliceAll(r *sys.Recorder, p sys.Pipe, b []byte, flags int) error {
	flags |= unix.SPLICE_F_NONBLOCK
	return repeat(0, int64(len(b)), func(off, n int64) (int64, error) {
		return r.Do(fmt.Sprintf("vmsplice(pipe, %d, %#x)", n, flags), func() (int64, error) {
			n, err := sys.RawVmsplice(p.W, b[off:], flags)
			return int64(n), err
		})
	})
}

// vmsplice runs one of these probes.
func vmsplice(flags, shift int, port bool, m memoryMutation) (found probe.Finding, err error) {
	whole, err := sys.Anonymous(vmspliceSize + sys.PageSize)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, unix.Munmap(whole)) }()
	memory := whole[shift : shift+vmspliceSize]
	copy(memory, source.Old()) // as much as there is room for
	// Memory that is not aligned is in one page more.
	p, err := sys.NewPipe(2 * vmspliceSize)
	if err != nil {
		return found, err
	}
	defer p.Close()
	before, _ := sys.CountPages()
	r := &sys.Recorder{}
	if err := vmspliceAll(r, p, memory, flags); err != nil {
		return failed(r, err)
	}
	drain := p.Drain
	if port {
		to, err := sys.OpenPort()
		if err != nil {
			return found, err
		}
		if err := repeat(0, vmspliceSize, pipeTo(r, p, to.FD, "port")); err != nil {
			return failed(r, err)
		}
		drain = func(b []byte) ([]byte, error) { return to.Echo(b, vmspliceTarget) }
	}
	if err := m.do(r, whole, int64(shift)); err != nil {
		return found, fmt.Errorf("mutate: %w", err)
	}
	got, err := drain(make([]byte, vmspliceSize))
	if err != nil {
		return found, err
	}
	o := source.Observe(got, 0, vmspliceSize)
	o.Calls = r.Calls
	return probe.Finding{Detail: before.Since(), Finding: matrix.Finding{Observation: &o}}, nil
}
