package bzimage

import (
	"errors"
	"testing"
)

// FuzzKernel reads a bzImage: it is refused as none, or its payload lies in it.
func FuzzKernel(f *testing.F) {
	head := make([]byte, 2048)
	head[offSetupSects] = 1
	copy(head[offMagic:], "HdrS\x0f\x02")
	head[offPayloadLength] = 16
	f.Add(head)
	f.Fuzz(func(t *testing.T, image []byte) {
		h, err := parse("bzImage", image)
		var not *NotKernelError
		if err != nil && !errors.As(err, &not) {
			t.Errorf("error %v", err)
		}
		if err == nil && (len(h.payload) == 0 || len(h.payload) > len(image) || len(h.Release) > 256) {
			t.Errorf("of %d bytes %d are the payload, and the release is %q", len(image), len(h.payload), h.Release)
		}
		_ = hasNote(image, "Xen\x00", 18) // which is not to walk out of it
	})
}
