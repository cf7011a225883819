package source

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/sys"
)

// Order returns the order of the page cache's folio that holds the file's page at off:
// it has 2^order pages. It is nil where the page is not cached, or the kernel does not
// tell. For the time of the call the page is mapped.
func (f *File) Order(off int64) (order *int, err error) {
	m, err := unix.Mmap(f.File, off, pageSize, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map a page of the file: %w", err)
	}
	defer func() { err = errors.Join(err, unix.Munmap(m)) }()
	// A page that is not there must not be read in.
	if n, err := sys.Resident(m); err != nil || n == 0 {
		return nil, err
	}
	return sys.FolioOrder(m)
}

// CheckOrder returns the order of the folio that mutations aim at, see [File.Order]. A
// file that was read ahead rests on large folios where the kernel has them, which large
// tells beforehand, and any page of the window shows. Where there are such and the target
// is in none, the question is not the one that the probe's name asks, which is a
// [*probe.PreconditionError].
func (f *File) CheckOrder(large bool) (*int, error) {
	order, err := f.Order(f.Target())
	if err != nil || order == nil || *order > 0 || !f.Cold {
		return order, err
	}
	for off := f.Size - f.Window; off < f.Size; off += pageSize {
		other, err := f.Order(off)
		if err != nil {
			return nil, err
		}
		if other != nil && *other > 0 {
			return nil, &probe.PreconditionError{Reason: fmt.Sprintf("the kernel read the page at %d into a folio of order 0, and that at %d into one of order %d", f.Target(), off, *other)}
		}
	}
	if large {
		return nil, &probe.PreconditionError{Reason: "the kernel has large folios on this file system, and read each page into one of order 0"}
	}
	return order, nil
}
