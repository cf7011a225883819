package cost

import (
	"fmt"
	"strings"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/sys"
)

// serves is how many times the file is served after readers have brought it into
// the cache.
const serves = 10

// lru is the kernel's way to find out which pages nobody needs, as a probe sets it.
type lru struct {
	// name ends the probes' names, after a slash, and doc their sentences; "" for a kernel
	// as it is.
	name, doc string
	// set turns the multi-gen LRU on or off, where the kernel has one; nil leaves it.
	set *bool
}

var (
	on, off = true, false
	lrus    = []lru{
		{},
		{name: "lru", doc: ", with the classical LRU", set: &off},
		{name: "mglru", doc: ", with the multi-gen LRU", set: &on},
	}
)

// whyLRU is what the counts of pages mean.
var whyLRU = probe.Answer{Word: "pages_copied, pages_moved", Meaning: "how many pages the passes have copied, and taken from the file, on a kernel with /proc/fs/splice. " +
	"One that takes pages to which nobody else refers does what its LRU lets it: with the classical LRU the second access to a page, " +
	"splice's after read's, activates it by way of a batch of the CPU, which refers to the page until the batch is full " +
	"(folio_activate in mm/swap.c), so that the first pass copies; later accesses find it active, and the tenth pass takes. " +
	"With the multi-gen LRU an access only counts, and by its code the first pass takes, too. The probes that end in lru and mglru set which of the two it is"}

// Serve the same file again and again, as a server of files does: where splice
// takes pages from the page cache, the next to serve the file reads it from the
// disk again.
func init() {
	var all []probe.Probe
	for _, fs := range []string{"ext4", "xfs"} {
		for _, pass := range []servedPass{{"first", 0}, {"tenth", serves - 1}} {
			for _, s := range sizes {
				for _, l := range lrus {
					if l.set == nil || s.name == "64k" {
						all = append(all, servedAgain(fs, pass, s.name, s.bytes, l))
					}
				}
			}
		}
	}
	family := describe("serve-again", "serving the same file again and again",
		"D. Howells, 2023-06-30 16:50: a server that serves the same pages again and again has a problem when they are taken; M. Szeredi, 2023-07-19 10:17: whoever splices loses", perByte)
	family.Answers = append(family.Answers, whyLRU)
	probe.Register(family, all...)
}

// servedPass is which pass is timed.
type servedPass struct {
	name string
	// before is how many passes come before it, untimed.
	before int
}

// servedAgain returns one of these probes.
func servedAgain(fs string, pass servedPass, sizeName string, size int, l lru) probe.Probe {
	steps := file.Steps(fs)
	switch {
	case l.set == nil:
	case *l.set:
		steps = append([]string{"turns the multi-gen LRU on (/sys/kernel/mm/lru_gen/enabled), and at the end as it was"}, steps...)
	default:
		steps = append([]string{"turns the multi-gen LRU off (/sys/kernel/mm/lru_gen/enabled), where the kernel has one, and at the end as it was"}, steps...)
	}
	steps = append(steps, "before each pass, untimed: drops the file from the page cache, and reads it once from the beginning to the end")
	if pass.before > 0 {
		steps = append(steps, fmt.Sprintf("serves it %d times, untimed", pass.before))
	}
	q := question{
		name: strings.TrimSuffix(fmt.Sprintf("cost/serve-again/%s/%s/%s/%s", fs, pass.name, sizeName, l.name), "/"), fs: fs, size: size,
		summary: fmt.Sprintf("cost per byte of serving a file on %s the %s time after it was read into the page cache, by splice into a pipe, %s at a time%s", fs, pass.name, sizeName, l.doc),
		steps: append(steps,
			fmt.Sprintf("a pass serves it: splices %d bytes into a pipe, %d in each operation", passBytes, size), toNull, copied(nil),
			"counts how many of its 256 pages are in the page cache after the last pass (mincore)"),
		open: func(b *bench) (work, error) {
			if err := l.use(b); err != nil {
				return work{}, err
			}
			return serve(b, pass.before)
		},
	}
	if l.name == "mglru" {
		q.features, q.since = []string{sys.MGLRUFeature}, "6.1"
	}
	return q.probe()
}

// use sets the LRU until the bench is closed.
func (l lru) use(b *bench) error {
	lacks := sys.HasMGLRU()
	switch {
	case l.set == nil, lacks != nil && !*l.set:
		return nil
	case lacks != nil:
		return &probe.UnsupportedError{Reason: lacks.Error()}
	}
	restore, err := sys.SetMGLRU(*l.set)
	if err == nil {
		b.ends = append(b.ends, restore)
	}
	return err
}

// serve opens the path on which a file is served before times untimed and then
// once timed.
func serve(b *bench, before int) (work, error) {
	p, out, err := b.pipeToNull()
	buffer := make([]byte, 64<<10)
	w := b.operations(func(off int64, n int) error { return through(off, n, b.spliceIn(p.W), out) })
	w.warm = before > 0
	w.prepare = func() error {
		if err := b.dropCache(); err != nil {
			return err
		}
		if err := all(0, passBytes, func(off int64, n int) (int, error) {
			return b.read(buffer[:min(n, len(buffer))], off)
		}); err != nil {
			return err
		}
		for range before {
			if err := w.pass(); err != nil {
				return err
			}
		}
		return nil
	}
	return w, err
}
