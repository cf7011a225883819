package vm

import (
	"bytes"
	"testing"

	"kmatrix/matrix/printable"
)

// FuzzConsole takes a console in parts: its last bytes are at hand as they came,
// the log holds its beginning, and what is said of it is fit for a terminal.
func FuzzConsole(f *testing.F) {
	f.Add([]byte("SeaBIOS\x1b[2J\n[    0.100000] Linux version 6.1\n[    1.0] Oops: 0000\n"), 10, 3)
	f.Fuzz(func(t *testing.T, text []byte, cut, times int) {
		var log bytes.Buffer
		v := &VM{console: console{log: &log}}
		cut = max(0, cut) % (len(text) + 1)
		var all []byte
		for range 1 + max(0, times)%8 {
			for _, part := range [][]byte{text[:cut], text[cut:]} {
				if n, err := v.console.Write(part); n != len(part) || err != nil {
					t.Fatalf("Write() = %d, %v", n, err)
				}
				all = append(all, part...)
			}
		}
		if got, want := v.console.Tail(), string(all[max(0, len(all)-MaxTail):]); got != want {
			t.Errorf("the tail is %.60q, want %.60q", got, want)
		}
		if said := v.progress(); printable.Line(said, len(said)) != said || len(said) > 1000 {
			t.Errorf("it is said %q", said)
		}
		if err := v.console.close(); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(log.Bytes(), all[:min(len(all), MaxConsole)]) || log.Len() > MaxConsole+MaxTail+200 {
			t.Errorf("the log has %d bytes of %d and begins with %.60q", log.Len(), len(all), log.Bytes())
		}
	})
}
