package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"kmatrix/matrix/printable"
)

// MaxFrame is the largest frame, in bytes.
const MaxFrame = 64 << 10

// MaxNoise is how many bytes may stand before [Magic].
const MaxNoise = 1 << 20

// WriteFrame writes v as JSON behind its length, a 32-bit big-endian number,
// in a single Write.
func WriteFrame(w io.Writer, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode frame: %w", err)
	}
	if len(body) > MaxFrame {
		return fmt.Errorf("frame of %d bytes is over the limit of %d", len(body), MaxFrame)
	}
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body)))
	if _, err := w.Write(append(frame, body...)); err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	return nil
}

// ReadFrame reads one frame into v. It never reads past the frame's end, so
// that SSH can begin on the next byte.
func ReadFrame(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return fmt.Errorf("read frame: %w", err)
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > MaxFrame {
		return fmt.Errorf("frame of %d bytes is over the limit of %d", n, MaxFrame)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return fmt.Errorf("read frame of %d bytes: %w", n, err)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("decode frame: %w", err)
	}
	return nil
}

// WriteReady writes [Magic] and the frame.
func WriteReady(w io.Writer, ready Ready) error {
	var b bytes.Buffer
	b.WriteString(Magic)
	if err := WriteFrame(&b, ready); err != nil {
		return err
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write ready: %w", err)
	}
	return nil
}

// ReadReady skips what stands before [Magic], at most [MaxNoise] bytes, and
// reads the frame behind it.
func ReadReady(r io.Reader) (Ready, error) {
	var (
		ready Ready
		one   [1]byte
		last  []byte
	)
	for n := 0; n < MaxNoise; n++ {
		if _, err := io.ReadFull(r, one[:]); err != nil {
			return ready, fmt.Errorf("wait for the agent: %w", err)
		}
		last = append(last, one[0])
		if len(last) > len(Magic) {
			last = last[1:]
		}
		if string(last) != Magic {
			continue
		}
		if err := ReadFrame(r, &ready); err != nil {
			return ready, err
		}
		if ready.Protocol != Protocol {
			return ready, fmt.Errorf("the agent speaks protocol %d, this kmatrix %d: run make build", ready.Protocol, Protocol)
		}
		if len(ready.Boot) > MaxBoot || printable.Line(ready.Boot, MaxBoot) != ready.Boot {
			return ready, fmt.Errorf("the agent names its boot %q", printable.Line(ready.Boot, MaxBoot))
		}
		return ready, nil
	}
	return ready, fmt.Errorf("no agent in the first %d bytes of the port", MaxNoise)
}
