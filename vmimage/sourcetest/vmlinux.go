package sourcetest

import (
	"bytes"
	"encoding/binary"
)

// Vmlinux makes an ELF file with one note segment.
func Vmlinux(owner string, kind uint32) []byte {
	le := binary.LittleEndian
	note := le.AppendUint32(nil, uint32(len(owner)))
	note = le.AppendUint32(note, 4)
	note = le.AppendUint32(note, kind)
	note = append(note, owner...)
	note = append(note, make([]byte, (4-len(owner)%4)%4)...)
	note = append(note, 1, 0, 0, 0)
	// Behind a note of another owner, as in a real kernel.
	notes := append([]byte{4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 'G', 'N', 'U', 0}, note...)
	b := []byte("\x7fELF\x02\x01\x01")
	b = append(b, make([]byte, 9)...)
	b = le.AppendUint16(b, 2)  // ET_EXEC
	b = le.AppendUint16(b, 62) // EM_X86_64
	b = le.AppendUint32(b, 1)
	b = le.AppendUint64(b, 0)  // entry
	b = le.AppendUint64(b, 64) // program headers
	b = le.AppendUint64(b, 0)
	b = le.AppendUint32(b, 0)
	for _, v := range []uint16{64, 56, 1, 64, 0, 0} {
		b = le.AppendUint16(b, v)
	}
	b = le.AppendUint32(b, 4) // PT_NOTE
	b = le.AppendUint32(b, 4)
	for _, v := range []uint64{120, 0, 0, uint64(len(notes)), uint64(len(notes)), 4} {
		b = le.AppendUint64(b, v)
	}
	b = append(b, notes...)
	return append(b, bytes.Repeat([]byte("code "), 10000)...)
}
