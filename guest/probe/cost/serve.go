package cost

import (
	"fmt"

	"kmatrix/guest/probe"
)

// serves is how many times the file is served after readers have brought it into
// the cache.
const serves = 10

// Serve the same file again and again, as a server of files does: where splice
// takes pages from the page cache, the next to serve the file reads it from the
// disk again.
func init() {
	var all []probe.Probe
	for _, fs := range []string{"ext4", "xfs"} {
		for _, pass := range []struct {
			name   string
			before int
		}{{"first", 0}, {"tenth", serves - 1}} {
			for _, s := range sizes {
				steps := append(file.Steps(fs),
					"before each pass, untimed: drops the file from the page cache, and reads it once from the beginning to the end")
				if pass.before > 0 {
					steps = append(steps, fmt.Sprintf("serves it %d times, untimed", pass.before))
				}
				all = append(all, question{
					name: fmt.Sprintf("cost/serve-again/%s/%s/%s", fs, pass.name, s.name), fs: fs, size: s.bytes,
					summary: fmt.Sprintf("cost per byte of serving a file on %s the %s time after it was read into the page cache, by splice into a pipe, %s at a time", fs, pass.name, s.name),
					steps: append(steps,
						fmt.Sprintf("a pass serves it: splices %d bytes into a pipe, %d in each operation", passBytes, s.bytes), toNull,
						"counts how many of its 256 pages are in the page cache after the last pass (mincore)"),
					open: func(b *bench) (work, error) { return serve(b, pass.before) },
				}.probe())
			}
		}
	}
	probe.Register(describe("serve-again", "serving the same file again and again",
		"D. Howells, 2023-06-30 16:50: a server that serves the same pages again and again has a problem when they are taken; M. Szeredi, 2023-07-19 10:17: whoever splices loses", perByte), all...)
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
