package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Two more virtio ports serve the probes that splice to one. The host reads
// PortProbe only when it is asked to, on PortProbeControl, so that data wait in
// the guest until then; what it read it sends back.
const (
	PortProbe        = "kmatrix.probe"
	PortProbeControl = "kmatrix.probe-control"
)

// MaxEcho is the most that the host reads for one request, in bytes.
const MaxEcho = 1 << 20

// EchoHeader comes before both directions' messages on PortProbeControl. The
// guest asks for Size bytes, or, with 0, that the host drop what it finds; the
// host answers with the same Number, and Size bytes behind the header: fewer
// than it was asked for when no more came. Of these Left had left the guest
// before it asked.
type EchoHeader struct{ Number, Size, Left uint64 }

// ReadEchoHeader reads one. A Size above [MaxEcho] is an error.
func ReadEchoHeader(r io.Reader) (EchoHeader, error) {
	var h EchoHeader
	if err := binary.Read(r, binary.LittleEndian, &h); err != nil {
		return h, fmt.Errorf("read from the probes' port: %w", err)
	}
	if h.Size > MaxEcho {
		return h, fmt.Errorf("read from the probes' port: a message of %d bytes, more than %d", h.Size, MaxEcho)
	}
	return h, nil
}

// Append appends the header's bytes.
func (h EchoHeader) Append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, h.Number)
	b = binary.LittleEndian.AppendUint64(b, h.Size)
	return binary.LittleEndian.AppendUint64(b, h.Left)
}
