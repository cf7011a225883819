package source

import (
	"errors"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kmatrix/matrix"
)

// BenchmarkReread reads a small file on a disk again, as after every stability probe,
// beside its floor: the same bytes written back, dropped and read, by the bare calls.
// TMPDIR says which file system it is. The budget is 5 ms, in a guest.
func BenchmarkReread(b *testing.B) {
	for _, s := range []State{Dirty, Clean} {
		b.Run(s.Name, func(b *testing.B) {
			var ours, floor []float64
			edit := Edit{Write, s.Target(), pageSize}
			must := edit.After(s.Size, s.Size-s.Window)
			for b.Loop() {
				ours = append(ours, changed(b, s, edit, func(f *File) error {
					cached, err := f.Reread(f.Size - f.Window)
					if err != nil {
						return err
					}
					state, detail, err := f.Kept(cached, must, true)
					if err == nil && state != matrix.SourceIntact {
						err = errors.New(detail)
					}
					return err
				}))
				floor = append(floor, changed(b, s, edit, bareReread))
			}
			slices.Sort(ours)
			slices.Sort(floor)
			middle := len(ours) / 2
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(floor[middle], "floor-ms")
			b.ReportMetric(ours[middle], "reread-ms")
			b.ReportMetric(ours[middle]/floor[middle], "reread/floor")
		})
	}
}

// changed makes a file, changes a page of it, and returns how many milliseconds do takes.
func changed(b *testing.B, s State, e Edit, do func(*File) error) float64 {
	b.Helper()
	f, err := Make(b.TempDir(), s)
	if err == nil {
		err = pwriteAll(f.File, New(e.Off, e.Len), e.Off)
	}
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	err = do(f)
	took := time.Since(began)
	if err := errors.Join(err, f.Close()); err != nil {
		b.Fatal(err)
	}
	return float64(took.Microseconds()) / 1000
}

// bareReread reads the file's window through the cache and, once it has been written back
// and dropped, from the disk.
func bareReread(f *File) error {
	off, buffer := f.Size-f.Window, make([]byte, f.Window)
	const wait = unix.SYNC_FILE_RANGE_WAIT_BEFORE | unix.SYNC_FILE_RANGE_WRITE | unix.SYNC_FILE_RANGE_WAIT_AFTER
	_, cached := unix.Pread(f.In, buffer, off)
	err := errors.Join(cached, unix.SyncFileRange(f.File, off, 0, wait), unix.Fadvise(f.File, off, 0, unix.FADV_DONTNEED))
	_, stored := unix.Pread(f.In, buffer, off)
	return errors.Join(err, stored)
}
