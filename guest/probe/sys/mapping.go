package sys

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// MapperArgument makes the agent's executable a process that maps files for
// [MapElsewhere]: it calls [ServeMappings].
const MapperArgument = "mapper"

// startMapper starts the other process, one for each worker.
var startMapper = sync.OnceValues(func() (*Child, error) { return StartChild(MapperArgument) })

// Mapping is a shared mapping of a file that another process holds.
type Mapping struct{ m *Child }

// MapElsewhere has another process map the file's first size bytes, and read a
// byte of every page, so that its page tables refer to all of them.
func MapElsewhere(path string, size int64) (*Mapping, error) {
	m, err := startMapper()
	if err == nil {
		err = m.Ask(fmt.Sprintf("%d %s", size, path))
	}
	if err != nil {
		return nil, fmt.Errorf("have another process map the file: %w", err)
	}
	return &Mapping{m}, nil
}

// Close ends the mapping.
func (m *Mapping) Close() error {
	if err := m.m.Ask(""); err != nil {
		return fmt.Errorf("have the other process end its mapping: %w", err)
	}
	return nil
}

// ServeMappings answers requests for mappings until its input ends: it is all that the
// other process does.
func ServeMappings(in io.Reader, out io.Writer) error {
	var held []byte
	for lines := bufio.NewScanner(in); lines.Scan(); {
		err := unmap(held)
		held = nil
		if err == nil && lines.Text() != "" {
			held, err = mapFile(lines.Text())
		}
		if err := Answer(out, err); err != nil {
			return err
		}
	}
	return unmap(held)
}

func unmap(m []byte) error {
	if m == nil {
		return nil
	}
	return unix.Munmap(m)
}

// touched keeps the compiler from leaving out reads that nobody needs.
var touched atomic.Uint32

func mapFile(request string) ([]byte, error) {
	var size int
	number, path, _ := strings.Cut(request, " ")
	if _, err := fmt.Sscan(number, &size); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	m, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	for at := 0; at < len(m); at += PageSize {
		touched.Add(uint32(m[at]))
	}
	return m, nil
}
