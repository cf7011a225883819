package stability

import (
	"cmp"
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
	// edit is what it does to what was spliced, which begins at shift.
	edit func(shift int64) source.Edit
	do   func(r *sys.Recorder, whole []byte, shift int64) error
}

// onMemoryPage writes the page that mutations aim at.
func onMemoryPage(shift int64) source.Edit {
	return source.Edit{Operation: source.Write, Off: vmspliceTarget - shift, Len: sys.PageSize}
}

var memoryMutations = []memoryMutation{
	{"store", "a store to one page of it", onMemoryPage, func(_ *sys.Recorder, whole []byte, shift int64) error {
		copy(whole[vmspliceTarget:], source.New(vmspliceTarget-shift, sys.PageSize))
		return nil
	}},
	{"dontneed", "MADV_DONTNEED of one page of it, and a store there", onMemoryPage, func(r *sys.Recorder, whole []byte, shift int64) error {
		if _, err := r.Do(fmt.Sprintf("madvise(%d, %d, DONTNEED)", vmspliceTarget, sys.PageSize), func() (int64, error) {
			return 0, unix.Madvise(whole[vmspliceTarget:vmspliceTarget+sys.PageSize], unix.MADV_DONTNEED)
		}); err != nil {
			return err
		}
		copy(whole[vmspliceTarget:], source.New(vmspliceTarget-shift, sys.PageSize))
		return nil
	}},
	{"unmap", "all of it unmapped, and new memory in its place that is written to", func(int64) source.Edit {
		return source.Edit{Operation: source.Write, Off: 0, Len: vmspliceSize}
	}, func(r *sys.Recorder, whole []byte, shift int64) error {
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
		m := memory{doc: c.doc, flags: c.flags, shift: c.shift, port: c.port}
		var all []probe.Probe
		var features []string
		if c.port {
			features = []string{sys.PortFeature}
		}
		for _, mutation := range memoryMutations {
			all = append(all, probe.Probe{
				Probe: matrix.Probe{
					Name: "stability/" + c.name + "/" + mutation.name + "/anon/dirty", Kind: matrix.Stability, Features: features, Since: "5.10",
					Summary: fmt.Sprintf("%s of 64 KiB of private memory, then %s: what does the %s deliver?", c.doc, mutation.doc, m.end()),
					Steps:   m.steps(mutation),
				},
				Run: func(context.Context, *probe.Env) (probe.Finding, error) { return m.ask(mutation) },
			})
		}
		probe.Register(family(c.name, c.doc+" of private memory", c.origin), all...)
	}
}

// memory is a way that private memory takes.
type memory struct {
	doc string
	// flags are vmsplice's, and shift is where in its page the memory begins.
	flags, shift int
	// port reports whether a virtio port is the destination, behind a pipe.
	port bool
}

// end returns the name of the destination.
func (m memory) end() string {
	if m.port {
		return "port"
	}
	return "pipe"
}

// given reports whether the memory belongs to the kernel once it was moved.
func (m memory) given() bool { return m.flags&unix.SPLICE_F_GIFT != 0 }

// steps returns what the probe does, call by call.
func (m memory) steps(mutation memoryMutation) []string {
	last := "holds the memory, which is read again, against that: intact, stale (the old bytes stand where others must), lost; what is not intact fails"
	if m.given() {
		last = "does not say whether the memory is intact: gifted pages are the kernel's (vmsplice(2))"
	}
	return []string{
		"maps private memory and fills 64 KiB of it with the old pattern",
		"moves them by " + m.doc,
		"mutates: " + mutation.doc + ", of the new pattern. The memory then holds " + mutation.edit(int64(m.shift)).Describe(vmspliceSize),
		"reads the " + m.end() + ", and the memory again, and counts of what arrived old bytes, new and zero ones that the memory holds now, clobbered ones that it held neither before nor after, and other ones",
		last,
	}
}

// vmspliceAll moves all of b into a pipe.
func vmspliceAll(r *sys.Recorder, p sys.Pipe, b []byte, flags int) error {
	flags |= unix.SPLICE_F_NONBLOCK
	return sys.Repeat(0, int64(len(b)), func(off, n int64) (int64, error) {
		return r.Do(fmt.Sprintf("vmsplice(pipe, %d, %#x)", n, flags), func() (int64, error) {
			n, err := sys.RawVmsplice(p.W, b[off:], flags)
			return int64(n), err
		})
	})
}

// ask runs one of these probes.
func (m memory) ask(mutation memoryMutation) (found probe.Finding, err error) {
	whole, err := sys.Anonymous(vmspliceSize + sys.PageSize)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, unix.Munmap(whole)) }()
	moved := whole[m.shift : m.shift+vmspliceSize]
	copy(moved, source.Old()[:vmspliceSize])
	// Memory that is not aligned is in one page more.
	p, err := sys.NewPipe(2 * vmspliceSize)
	if err != nil {
		return found, err
	}
	defer p.Close()
	before, _ := sys.CountPages()
	r := &sys.Recorder{}
	drain, err := m.carry(r, p, moved)
	if err != nil {
		o, failure, err := r.Failed(err)
		return m.finding(o, failure, moved, source.Old()[:vmspliceSize]), err
	}
	if err := mutation.do(r, whole, int64(m.shift)); err != nil {
		return found, fmt.Errorf("mutate: %w", err)
	}
	got, err := drain(make([]byte, vmspliceSize))
	if err != nil {
		return found, err
	}
	o := source.Observe(got, moved, 0, vmspliceSize)
	o.Calls = r.Calls
	return m.finding(o, before.Since(), moved, mutation.edit(int64(m.shift)).After(vmspliceSize, 0)), nil
}

// carry moves the memory, and returns what reads it at the other end.
func (m memory) carry(r *sys.Recorder, p sys.Pipe, moved []byte) (drain func([]byte) ([]byte, error), err error) {
	if err := vmspliceAll(r, p, moved, m.flags); err != nil || !m.port {
		return p.Drain, err
	}
	to, err := sys.OpenPort()
	if err != nil {
		return nil, err
	}
	if err := sys.Repeat(0, vmspliceSize, pipeTo(r, p, to.FD, "port")); err != nil {
		return nil, err
	}
	return func(b []byte) ([]byte, error) { return to.Echo(b, vmspliceTarget) }, nil
}

// finding returns an observation with the state of the memory, which must hold must.
func (m memory) finding(o matrix.Observation, detail string, moved, must []byte) probe.Finding {
	if !m.given() {
		state, wrong := source.Held(moved, must, 0)
		o.Source, detail = state, cmp.Or(wrong, detail)
	}
	return probe.Finding{Detail: detail, Finding: matrix.Finding{Observation: &o}}
}
