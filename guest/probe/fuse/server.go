package fuse

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unsafe"

	gofuse "github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/sys"
)

// From linux/fuse.h: what a request asks for. go-fuse keeps these to itself.
const (
	opLookup, opForget, opGetattr, opSetattr, opUnlink  = 1, 2, 3, 4, 10
	opOpen, opRead, opWrite, opRelease, opFsync, opInit = 14, 15, 16, 18, 20, 26
	opCreate, opInterrupt, opBatchForget, opFallocate   = 35, 36, 42, 43
	rootNode                                            = 1
	major, minor                                        = 7, 31
	forever                                             = 3600
	maxData                                             = 128 << 10 // of a read or write, the most without FUSE_MAX_PAGES
	maxBody                                             = 64 << 10  // of a request, without the data of a write
	holdSize                                            = 1 << 20   // more than what is written while it is held
)

// server is a file system of one directory. Its files are kept in memory, but
// for the one that is another file's.
type server struct {
	dev int
	// in takes requests, out gives answers to reads, and held keeps what was
	// written.
	in, out, held sys.Pipe
	body          []byte

	// mu is held while a request is handled, and to change what follows.
	mu      sync.Mutex
	names   map[string]uint64 // node by name
	files   map[uint64]int    // descriptor by node
	next    uint64
	holding bool
	failure error
}

// loop handles requests until the file system is unmounted.
func (s *server) loop() {
	for {
		_, err := unix.Splice(s.dev, nil, s.in.W, nil, maxBody+maxData, unix.SPLICE_F_MOVE)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ENOENT), errors.Is(err, unix.EAGAIN):
			continue // ENOENT: the request was interrupted before it was taken
		case errors.Is(err, unix.ENODEV):
			return
		case err == nil:
			err = s.take()
		}
		if err != nil {
			// Without a server the kernel fails what waits for an answer.
			fmt.Fprintf(os.Stderr, "agent: FUSE server: %v\n", err) //nolint:errcheck // it is said where it can be
			os.Exit(1)
		}
	}
}

// take handles the request that is in the pipe.
func (s *server) take() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	header := view[gofuse.InHeader](s.body)
	if err := s.readBody(0, int(unsafe.Sizeof(*header))); err != nil {
		return err
	}
	end := int(header.Length)
	if header.Opcode == opWrite {
		end = int(unsafe.Sizeof(gofuse.WriteIn{})) // the data stay in the pipe
	}
	if err := s.readBody(int(unsafe.Sizeof(*header)), end); err != nil {
		return err
	}
	out, err := s.handle(header, s.body[:end])
	if header.Opcode == opWrite {
		if err := discard(s.in); err != nil { // of a write that failed
			return err
		}
	}
	switch {
	case errors.Is(err, errAnswered):
		return nil
	case err != nil:
		errno := unix.EIO
		errors.As(err, &errno)
		return s.reply(header, errno, nil)
	}
	return s.reply(header, 0, out)
}

// readBody reads the request's bytes from..to out of the pipe.
func (s *server) readBody(from, to int) error {
	if to > len(s.body) || to < from {
		return fmt.Errorf("a request has %d bytes", to)
	}
	got, err := s.in.Drain(s.body[from:to])
	if err == nil && len(got) < to-from {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// view returns the message that begins at b[0]; b must be long enough.
func view[T any](b []byte) *T { return (*T)(unsafe.Pointer(unsafe.SliceData(b))) }

// wire returns a message's bytes.
func wire[T any](t *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(t)), unsafe.Sizeof(*t))
}

// reply answers a request.
func (s *server) reply(in *gofuse.InHeader, errno unix.Errno, out []byte) error {
	h := gofuse.OutHeader{Length: uint32(unsafe.Sizeof(gofuse.OutHeader{})) + uint32(len(out)), Status: -int32(errno), Unique: in.Unique}
	_, err := unix.Writev(s.dev, [][]byte{wire(&h), out})
	if errors.Is(err, unix.ENOENT) {
		return nil // the request was interrupted
	}
	return err
}

// errAnswered is the error of a request that was answered already, or takes no answer.
var errAnswered = errors.New("answered")

// handle carries a request out, and returns the answer's body.
func (s *server) handle(h *gofuse.InHeader, body []byte) ([]byte, error) {
	file, known := s.files[h.NodeId]
	switch h.Opcode {
	case opForget, opBatchForget, opInterrupt:
		return nil, errAnswered
	case opInit:
		in := view[gofuse.InitIn](s.body)
		return wire(&gofuse.InitOut{
			Major: major, Minor: min(in.Minor, minor), MaxReadAhead: maxData, MaxWrite: maxData,
			Flags: in.Flags & (gofuse.CAP_BIG_WRITES | gofuse.CAP_SPLICE_READ | gofuse.CAP_SPLICE_WRITE | gofuse.CAP_SPLICE_MOVE),
		}), nil
	case opGetattr:
		return s.attributes(h.NodeId)
	case opLookup:
		node, ok := s.names[name(body[unsafe.Sizeof(*h):])]
		if !ok {
			return nil, unix.ENOENT
		}
		return s.entry(node)
	case opCreate:
		fd, err := unix.MemfdCreate("kmatrix-fuse", unix.MFD_CLOEXEC)
		if err != nil {
			return nil, err
		}
		entry, err := s.entry(s.add(name(body[unsafe.Sizeof(gofuse.CreateIn{}):]), fd))
		return append(entry, wire(&gofuse.OpenOut{OpenFlags: gofuse.FOPEN_KEEP_CACHE})...), err
	case opUnlink:
		s.remove(name(body[unsafe.Sizeof(*h):]))
		return nil, nil
	case opRelease, opFsync:
		return nil, nil
	}
	if !known {
		return nil, unix.ENOSYS
	}
	switch h.Opcode {
	case opOpen:
		return wire(&gofuse.OpenOut{OpenFlags: gofuse.FOPEN_KEEP_CACHE}), nil
	case opSetattr:
		if in := view[gofuse.SetAttrIn](s.body); in.Valid&gofuse.FATTR_SIZE != 0 {
			if err := unix.Ftruncate(file, int64(in.Size)); err != nil {
				return nil, err
			}
		}
		return s.attributes(h.NodeId)
	case opFallocate:
		in := view[gofuse.FallocateIn](s.body)
		return nil, unix.Fallocate(file, in.Mode, int64(in.Offset), int64(in.Length))
	case opRead:
		return nil, s.read(view[gofuse.ReadIn](s.body), file)
	case opWrite:
		return nil, s.write(view[gofuse.WriteIn](s.body), file)
	}
	return nil, unix.ENOSYS
}

// name returns the string that b begins with.
func name(b []byte) string {
	n, _, _ := strings.Cut(string(b), "\x00")
	return n
}

// add makes a file and returns its node.
func (s *server) add(name string, fd int) uint64 {
	node := s.next
	s.next++
	s.names[name], s.files[node] = node, fd
	return node
}

// remove ends a file, of which nobody has anything open.
func (s *server) remove(name string) {
	node, ok := s.names[name]
	if !ok {
		return
	}
	_ = unix.Close(s.files[node]) // nothing was written that must arrive
	delete(s.files, node)
	delete(s.names, name)
}

// attributes answers what a node is.
func (s *server) attributes(node uint64) ([]byte, error) {
	a := gofuse.AttrOut{AttrValid: forever, Attr: gofuse.Attr{Ino: node, Mode: unix.S_IFDIR | 0o755, Nlink: 2, Blksize: sys.PageSize}}
	if node != rootNode {
		var st unix.Stat_t
		file, ok := s.files[node]
		if !ok {
			return nil, unix.ENOENT
		}
		if err := unix.Fstat(file, &st); err != nil {
			return nil, err
		}
		a.Size, a.Blocks, a.Mode, a.Nlink = uint64(st.Size), uint64(st.Blocks), unix.S_IFREG|0o600, 1
	}
	return wire(&a), nil
}

// entry answers what a name stands for, which holds for this once.
func (s *server) entry(node uint64) ([]byte, error) {
	b, err := s.attributes(node)
	if err != nil {
		return nil, err
	}
	return wire(&gofuse.EntryOut{NodeId: node, Generation: 1, AttrValid: forever, Attr: view[gofuse.AttrOut](b).Attr}), nil
}
