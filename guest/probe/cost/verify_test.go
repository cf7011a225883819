package cost

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/source"
)

// TestWhatArrivesIsTheFile has paths to a pipe deliver the file, another byte, and too
// little.
func TestWhatArrivesIsTheFile(t *testing.T) {
	f, err := source.Make(t.TempDir(), source.Cached)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{size: 64 << 10, file: f}
	defer func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	}()
	p, out, err := b.pipeToNull()
	if err != nil {
		t.Fatal(err)
	}
	old := source.Old()[:passBytes]
	other := append([]byte(nil), old...)
	other[700_001] ^= 0x80
	passOf := func(data []byte) work {
		w := b.operations(func(off int64, n int) error {
			part := data[min(int(off), len(data)):min(int(off)+n, len(data))]
			if len(part) == 0 {
				return nil
			}
			return all(0, len(part), write(p.W, part, out))
		})
		return w
	}
	if err := b.verify(passOf(old)); err != nil {
		t.Errorf("the file itself: %v", err)
	}
	if err := b.verify(passOf(other)); err == nil || !strings.Contains(err.Error(), "the byte at 700001 has arrived as") {
		t.Errorf("another byte: %v", err)
	}
	for {
		if _, err := unix.Read(p.R, make([]byte, b.size)); err != nil {
			break // what was not read is gone
		}
	}
	p, out, err = b.pipeToNull()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.verify(passOf(old[:passBytes-b.size])); err == nil || !strings.Contains(err.Error(), "983040 bytes have arrived") {
		t.Errorf("too little: %v", err)
	}
	// While it is not verified, what arrives is not read: it goes to /dev/null.
	if err := passOf(other).pass(); err != nil {
		t.Error(err)
	}
	kept := work{pass: func() error { return nil }, arrived: func() ([]byte, error) { return other, nil }}
	if err := b.verify(kept); err == nil || !strings.Contains(err.Error(), "700001") {
		t.Errorf("a destination that keeps another byte: %v", err)
	}
}
