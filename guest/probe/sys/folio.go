package sys

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/bits"
	"os"
	"sync"
	"unsafe"
)

// What /proc/self/pagemap and /proc/kpageflags say (Documentation/admin-guide/mm/pagemap.rst).
const (
	pagePresent  = 1 << 63
	frameMask    = 1<<55 - 1
	flagHead     = 1 << 15 // KPF_COMPOUND_HEAD
	flagTail     = 1 << 16 // KPF_COMPOUND_TAIL
	largestFolio = 512     // pages; folios are aligned to their size
)

// pageFiles are the files that tell of pages; a kernel may have none.
type pageFiles struct{ pagemap, flags *os.File }

// openPageFiles opens them once; nil where the kernel does not have them
// (CONFIG_PROC_PAGE_MONITOR), or this process may not read them.
var openPageFiles = sync.OnceValues(func() (*pageFiles, error) {
	var p pageFiles
	var err error
	if p.pagemap, err = os.Open("/proc/self/pagemap"); err == nil {
		p.flags, err = os.Open("/proc/kpageflags")
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at pages: %w", err)
	}
	return &p, nil
})

// FolioOrder returns the order of the folio that the first page of a mapping is in, which
// it touches; nil where the kernel does not tell.
func FolioOrder(m []byte) (*int, error) {
	files, err := openPageFiles()
	if err != nil || files == nil {
		return nil, err
	}
	touched.Add(uint32(m[0]))
	var entry [8]byte
	if _, err := files.pagemap.ReadAt(entry[:], int64(uintptr(unsafe.Pointer(&m[0]))/PageSize)*8); err != nil {
		return nil, fmt.Errorf("read /proc/self/pagemap: %w", err)
	}
	e := binary.LittleEndian.Uint64(entry[:])
	frame := int64(e & frameMask)
	if e&pagePresent == 0 || frame == 0 {
		return nil, nil // without CAP_SYS_ADMIN it is 0
	}
	// All that can be of its folio, at once.
	first := frame &^ (largestFolio - 1)
	buffer := make([]byte, largestFolio*8)
	n, err := files.flags.ReadAt(buffer, first*8)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read /proc/kpageflags: %w", err)
	}
	order, ok := orderAt(buffer[:n], int(frame-first))
	if !ok {
		return nil, nil
	}
	return &order, nil
}

// orderAt returns the order of the folio of the page at, of whose flags there are those
// of it and its neighbours; false where they are of no folio.
func orderAt(flags []byte, at int) (int, bool) {
	flag := func(i int) uint64 {
		if i < 0 || (i+1)*8 > len(flags) {
			return 0
		}
		return binary.LittleEndian.Uint64(flags[i*8:])
	}
	switch {
	case (at+1)*8 > len(flags):
		return 0, false
	case flag(at)&(flagHead|flagTail) == 0:
		return 0, true
	}
	head := at
	for flag(head)&flagTail != 0 {
		head--
	}
	if flag(head)&flagHead == 0 {
		return 0, false
	}
	pages := 1
	for flag(head+pages)&flagTail != 0 {
		pages++
	}
	return bits.Len(uint(pages)) - 1, true
}
