package cost

import (
	"bytes"
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// checker is what is known of the pass that [bench.verify] makes.
type checker struct {
	// on reports whether sinks compare what arrives.
	on bool
	// compared is how many bytes they did.
	compared int
}

// verify makes one pass, untimed, in which every byte that arrives is compared with the
// file's: what a path costs that delivers something else is no answer.
func (b *bench) verify(w work) error {
	if b.file == nil {
		return nil // what is moved has no pattern
	}
	if err := w.ready(); err != nil {
		return err
	}
	b.check = checker{on: true}
	err := w.pass()
	b.check.on = false
	if err == nil && w.arrived != nil {
		var got []byte
		if got, err = w.arrived(); err == nil {
			err = b.compare(got, 0)
		}
	}
	if err == nil && (b.check.compared == 0 || b.check.compared%passBytes != 0) {
		err = fmt.Errorf("%d bytes have arrived", b.check.compared)
	}
	if err != nil {
		return fmt.Errorf("check that the file's %d bytes arrive: %w", passBytes, err)
	}
	return nil
}

// compare compares bytes that have arrived with those of the file at off.
func (b *bench) compare(got []byte, off int) error {
	b.check.compared += len(got)
	want := source.Old()[off : off+len(got)]
	if bytes.Equal(got, want) {
		return nil
	}
	first := 0
	for got[first] == want[first] {
		first++
	}
	return fmt.Errorf("the byte at %d has arrived as %#02x, and the file's is %#02x", off+first, got[first], want[first])
}

// checked returns a sink that is out, and while the bench is verified reads fd and
// compares. A pass moves the file from its beginning to its end.
func (b *bench) checked(fd int, out sink) sink {
	at, buffer := 0, make([]byte, b.size)
	return func(n int) error {
		if !b.check.on {
			return out(n)
		}
		for n > 0 {
			got, err := do("read what has arrived", fd, unix.POLLIN, func() (int, error) {
				m, err := sys.Retry(func() (int64, error) {
					m, err := unix.Read(fd, buffer[:min(n, len(buffer))])
					return int64(m), err
				})
				return int(m), err
			})
			if err != nil {
				return err
			}
			if got == 0 {
				return fmt.Errorf("the data ended %d bytes early, at %d", n, at)
			}
			if err := b.compare(buffer[:got], at); err != nil {
				return err
			}
			at, n = (at+got)%passBytes, n-got
		}
		return nil
	}
}
