// Package bzimage unpacks the vmlinux of a bzImage, so that the guest need not.
//
// An emulated CPU takes seconds for what the host does in a fraction of one,
// and QEMU can start an uncompressed kernel by its PVH entry point. Where a
// compressed payload and its length stand is said in the setup header: see
// Documentation/arch/x86/boot.rst.
package bzimage

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"kmatrix/vmimage/unpack"
)

// NotKernelError tells that a file is no Linux kernel for x86.
type NotKernelError struct{ Path, Reason string }

// Error names the file and what is wrong with it.
func (e *NotKernelError) Error() string {
	return fmt.Sprintf("%s is no Linux kernel for x86-64: %s", e.Path, e.Reason)
}

// Offsets in the setup header.
const (
	offSetupSects    = 0x1f1
	offMagic         = 0x202
	offProtocol      = 0x206
	offKernelVersion = 0x20e
	offPayload       = 0x248
	offPayloadLength = 0x24c
	headerEnd        = 0x260
	// protocolPayload is the first boot protocol that says where the payload
	// is (Linux 2.6.26).
	protocolPayload = 0x0208
)

// maxKernel is the largest file that is taken for a kernel; a vmlinux without
// debug information has a tenth of it.
const maxKernel = 1 << 30

// Header is what a bzImage says of itself.
type Header struct {
	// Release is what uname -r will say.
	Release string
	// payload is the compressed vmlinux.
	payload []byte
}

// Read reads a bzImage. The error is a [*NotKernelError] when it is none.
func Read(path string) (Header, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Header{}, fmt.Errorf("read a kernel: %w", err)
	}
	if info.Size() > maxKernel {
		return Header{}, &NotKernelError{path, fmt.Sprintf("it has %d bytes", info.Size())}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return Header{}, fmt.Errorf("read a kernel: %w", err)
	}
	return parse(path, b)
}

func parse(path string, b []byte) (Header, error) {
	if len(b) < headerEnd || string(b[offMagic:offMagic+4]) != "HdrS" {
		return Header{}, &NotKernelError{path, "it has no setup header (HdrS at 0x202)"}
	}
	protocol := binary.LittleEndian.Uint16(b[offProtocol:])
	if protocol < protocolPayload {
		return Header{}, &NotKernelError{path, fmt.Sprintf("its boot protocol is %#04x, at least %#04x is needed", protocol, protocolPayload)}
	}
	sectors := int(b[offSetupSects])
	if sectors == 0 {
		sectors = 4 // as the boot protocol says
	}
	start := (sectors+1)*512 + int(binary.LittleEndian.Uint32(b[offPayload:]))
	end := start + int(binary.LittleEndian.Uint32(b[offPayloadLength:]))
	if start >= end || end > len(b) {
		return Header{}, &NotKernelError{path, fmt.Sprintf("its payload lies at %d to %d of %d bytes: the file is cut or damaged", start, end, len(b))}
	}
	h := Header{payload: b[start:end]}
	if at := int(binary.LittleEndian.Uint16(b[offKernelVersion:])); at != 0 && at+0x200 < len(b) {
		text, _, _ := bytes.Cut(b[at+0x200:min(at+0x200+256, len(b))], []byte{0})
		h.Release, _, _ = strings.Cut(string(text), " ")
	}
	return h, nil
}

// Vmlinux writes the uncompressed kernel. The error wraps [unpack.ErrFormat]
// when it is compressed in a format that is not read.
func (h Header) Vmlinux(ctx context.Context, out string) (err error) {
	format, err := unpack.Detect(h.payload)
	if err != nil {
		return fmt.Errorf("unpack vmlinux: %w", err)
	}
	payload := h.payload
	// The kernel's build appends the uncompressed size, four bytes, to all
	// formats but gzip, which ends in it by itself (scripts/Makefile.lib).
	var size int64 = -1
	if n := len(payload) - 4; format != unpack.Gzip && n > 0 {
		size, payload = int64(binary.LittleEndian.Uint32(payload[n:])), payload[:n]
	}
	r, err := unpack.Reader(ctx, format, bytes.NewReader(payload))
	if err != nil {
		return fmt.Errorf("unpack vmlinux (%s): %w", format, err)
	}
	f, err := os.Create(out)
	if err != nil {
		return errors.Join(fmt.Errorf("unpack vmlinux: %w", err), r.Close())
	}
	n, err := io.Copy(f, io.LimitReader(r, maxKernel))
	// The vmlinux's relocations follow it; the size is of both.
	if err == nil && size >= 0 && n != size {
		err = fmt.Errorf("it came to %d bytes, the image says %d", n, size)
	}
	if err := errors.Join(err, r.Close(), f.Close()); err != nil {
		return fmt.Errorf("unpack vmlinux (%s): %w", format, err)
	}
	return nil
}

// HasPVH reports whether an ELF kernel has a PVH entry point: a note of the
// owner Xen and the type XEN_ELFNOTE_PHYS32_ENTRY, 18
// (include/xen/interface/elfnote.h). The error is a [*NotKernelError] when the
// file is no 64-bit ELF for x86.
func HasPVH(path string) (bool, error) {
	f, err := elf.Open(path)
	if err != nil {
		return false, &NotKernelError{path, err.Error()}
	}
	defer f.Close() //nolint:errcheck // it was only read
	if f.Class != elf.ELFCLASS64 || f.Machine != elf.EM_X86_64 || f.Type != elf.ET_EXEC {
		return false, &NotKernelError{path, fmt.Sprintf("it is an ELF file of %s for %s", f.Type, f.Machine)}
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_NOTE || p.Filesz > 1<<20 {
			continue
		}
		notes := make([]byte, p.Filesz)
		if _, err := p.ReadAt(notes, 0); err != nil {
			return false, &NotKernelError{path, fmt.Sprintf("read its notes: %v", err)}
		}
		if hasNote(notes, "Xen\x00", 18) {
			return true, nil
		}
	}
	return false, nil
}

// hasNote walks ELF notes: three words (size of name, size of description,
// type), then both, each padded to four bytes.
func hasNote(b []byte, owner string, kind uint32) bool {
	pad := func(n uint32) int { return int(n+3) &^ 3 }
	for len(b) >= 12 {
		nameSize, descSize, typ := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
		b = b[12:]
		if nameSize > uint32(len(b)) || descSize > uint32(len(b)) || pad(nameSize)+pad(descSize) > len(b) {
			return false
		}
		if typ == kind && string(b[:nameSize]) == owner {
			return true
		}
		b = b[pad(nameSize)+pad(descSize):]
	}
	return false
}
