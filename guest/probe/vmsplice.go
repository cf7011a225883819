package probe

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/matrix"
)

// vmspliceSize is what is spliced: 16 whole pages of private memory.
const vmspliceSize = 64 << 10

// memoryMutation changes memory after vmsplice has returned.
type memoryMutation struct {
	name, doc string
	do        func(r *recorder, m []byte, at int64) error
}

var memoryMutations = []memoryMutation{
	{"store", "a store to one page of it", func(_ *recorder, m []byte, at int64) error {
		copy(m[at:], newPattern(at, pageSize))
		return nil
	}},
	{"dontneed", "MADV_DONTNEED of one page of it, and a store there", func(r *recorder, m []byte, at int64) error {
		if _, err := r.do(fmt.Sprintf("madvise(%d, %d, DONTNEED)", at, pageSize), func() (int64, error) {
			return 0, unix.Madvise(m[at:at+pageSize], unix.MADV_DONTNEED)
		}); err != nil {
			return err
		}
		copy(m[at:], newPattern(at, pageSize))
		return nil
	}},
}

func init() {
	for _, call := range []struct {
		name, doc string
		flags     int
	}{{"vmsplice", "vmsplice", 0}, {"vmsplice-gift", "vmsplice with SPLICE_F_GIFT", unix.SPLICE_F_GIFT}} {
		for _, m := range memoryMutations {
			register(Probe{
				Probe: matrix.Probe{
					Name: "stability/" + call.name + "/" + m.name + "/anon/dirty", Kind: matrix.Stability, Since: "5.10",
					Doc: fmt.Sprintf("%s of 64 KiB of private memory into a pipe, then %s: what does the pipe deliver?", call.doc, m.doc),
				},
				Run: func(context.Context, *Env) (Finding, error) { return vmsplice(call.flags, m) },
			})
		}
	}
}

// vmsplice is the course of these probes.
func vmsplice(flags int, m memoryMutation) (found Finding, err error) {
	memory, err := unix.Mmap(-1, 0, vmspliceSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return Finding{}, fmt.Errorf("map: %w", err)
	}
	defer func() { err = errors.Join(err, unix.Munmap(memory)) }()
	copy(memory, oldPattern()[:vmspliceSize])
	p, err := newPipe(vmspliceSize)
	if err != nil {
		return Finding{}, err
	}
	defer p.close()
	before, _ := countPages()
	r := &recorder{}
	for done := 0; done < vmspliceSize; {
		left := memory[done:]
		n, err := r.do(fmt.Sprintf("vmsplice(pipe, %d, %#x)", len(left), flags|unix.SPLICE_F_NONBLOCK), func() (int64, error) {
			iov := unix.Iovec{Base: &left[0]}
			iov.SetLen(len(left))
			n, err := unix.Vmsplice(p.w, []unix.Iovec{iov}, flags|unix.SPLICE_F_NONBLOCK)
			return int64(n), err
		})
		if err != nil {
			return failed(r, err)
		}
		done += int(n)
	}
	const at = 5 * pageSize
	if err := m.do(r, memory, at); err != nil {
		return Finding{}, fmt.Errorf("mutate: %w", err)
	}
	got, err := p.drain(make([]byte, vmspliceSize))
	if err != nil {
		return Finding{}, err
	}
	o := observe(got, 0, vmspliceSize)
	o.Calls = r.calls
	return Finding{Observation: &o, Detail: before.since()}, nil
}
