package source

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// made is the edit, made to bytes one after the other.
func made(e Edit, whole []byte) []byte {
	b := slices.Clone(whole)
	switch e.Operation {
	case Write:
		for i := e.Off; i < e.Off+e.Len; i++ {
			b[i] |= newBit
		}
	case Zero:
		clear(b[e.Off : e.Off+e.Len])
	case Cut:
		clear(b[e.Off:])
	case Collapse:
		b = slices.Delete(b, int(e.Off), int(e.Off+e.Len))
	case Insert:
		b = slices.Insert(b, int(e.Off), make([]byte, e.Len)...)
	}
	return b
}

var operations = []Operation{Write, Zero, Cut, Collapse, Insert}

func TestEdits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		size := 1 + r.Int64N(64)
		e := Edit{Operation: operations[r.IntN(len(operations))], Off: r.Int64N(size)}
		e.Len = 1 + r.Int64N(size-e.Off)
		off := r.Int64N(size)
		whole := made(e, Old()[:size])
		if got := e.Size(size); got != int64(len(whole)) {
			t.Fatalf("%+v of %d bytes: its size is %d, want %d", e, size, got, len(whole))
		}
		want := whole[min(off, int64(len(whole))):]
		if got := e.After(size, off); !bytes.Equal(got, want) {
			t.Fatalf("%+v of %d bytes, from %d: %x, want %x", e, size, off, got, want)
		}
	}
}

// TestEditsAreWhatFileSystemsDo makes each edit to a real file, by the call of the
// mutation that is like it.
func TestEditsAreWhatFileSystemsDo(t *testing.T) {
	const size, off = 16 * pageSize, 5 * pageSize
	for _, e := range []Edit{
		{Write, off, pageSize}, {Zero, off, pageSize}, {Zero, off + 512, 1000}, {Zero, off + pageSize/2, 4 * pageSize}, {Zero, 0, size},
		{Cut, off, size - off}, {Collapse, off, pageSize}, {Insert, off, pageSize},
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, Old()[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		fd := int(f.Fd())
		switch e.Operation {
		case Write:
			_, err = f.WriteAt(New(e.Off, e.Len), e.Off)
		case Zero:
			err = unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, e.Off, e.Len)
		case Cut:
			err = errors.Join(f.Truncate(e.Off), f.Truncate(size))
		case Collapse:
			err = unix.Fallocate(fd, unix.FALLOC_FL_COLLAPSE_RANGE, e.Off, e.Len)
		case Insert:
			err = unix.Fallocate(fd, unix.FALLOC_FL_INSERT_RANGE, e.Off, e.Len)
		}
		if errors.Is(err, unix.EOPNOTSUPP) {
			t.Logf("%+v: this file system does not have it", e)
			continue
		}
		if err != nil {
			t.Fatalf("%+v: %v", e, err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if want := e.After(size, 0); !bytes.Equal(got, want) {
			t.Errorf("%+v: the file holds %d bytes that the model has otherwise", e, len(got))
		}
	}
}

func TestAnEditIsDescribed(t *testing.T) {
	const size = 65536
	for want, e := range map[string]Edit{
		"the new pattern in the 4096 bytes from 20480 on, and the old bytes elsewhere":              {Write, 20480, 4096},
		"zeros in all of its 65536 bytes":                                                           {Zero, 0, size},
		"the old bytes before 20480, and zeros from there on to its end, which was there meanwhile": {Cut, 20480, size - 20480},
	} {
		if got := e.Describe(size); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
