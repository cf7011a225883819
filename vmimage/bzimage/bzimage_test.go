package bzimage

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"kmatrix/vmimage/sourcetest"
	"kmatrix/vmimage/unpack"
)

// pack makes a bzImage as the kernel's build does: a setup header, the payload
// and, but for gzip, the uncompressed size.
func pack(t *testing.T, format string, body []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	var w io.WriteCloser
	var err error
	switch format {
	case "gzip":
		w = gzip.NewWriter(&packed)
	case "zstd":
		w, err = zstd.NewWriter(&packed)
	case "lz4":
		l := lz4.NewWriter(&packed)
		err, w = l.Apply(lz4.LegacyOption(true)), l
	case "xz":
		cmd := exec.Command("xz", "--check=crc32", "--x86", "--lzma2=,dict=32MiB", "--stdout")
		cmd.Stdin, cmd.Stdout = bytes.NewReader(body), &packed
		err = cmd.Run()
	case "lzo":
		packed.WriteString("\x89LZO....")
	}
	if err != nil {
		t.Fatal(err)
	}
	if w != nil {
		w.Write(body)
		w.Close()
	}
	if format != "gzip" {
		packed.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(body))))
	}
	b := make([]byte, 1024) // boot sector and one sector of setup
	b[offSetupSects] = 1
	copy(b[offMagic:], "HdrS")
	binary.LittleEndian.PutUint16(b[offProtocol:], 0x020f)
	binary.LittleEndian.PutUint16(b[offKernelVersion:], 0x300-0x200)
	copy(b[0x300:], "6.1.0-test (builder@host) #1\x00")
	binary.LittleEndian.PutUint32(b[offPayload:], 16)
	binary.LittleEndian.PutUint32(b[offPayloadLength:], uint32(packed.Len()))
	b = append(b, make([]byte, 16)...)
	return append(append(b, packed.Bytes()...), "more code"...)
}

func file(t *testing.T, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kernel")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEveryCompression(t *testing.T) {
	body := sourcetest.Vmlinux("Xen\x00", 18)
	for _, format := range []string{"gzip", "zstd", "lz4", "xz"} {
		h, err := Read(file(t, pack(t, format, body)))
		if err != nil || h.Release != "6.1.0-test" {
			t.Errorf("%s: release %q, %v", format, h.Release, err)
			continue
		}
		out := filepath.Join(t.TempDir(), "vmlinux")
		if err := h.Vmlinux(t.Context(), out); err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		got, err := os.ReadFile(out)
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%s: %d bytes, want %d (%v)", format, len(got), len(body), err)
		}
		if pvh, err := HasPVH(out); !pvh || err != nil {
			t.Errorf("%s: HasPVH() = %v, %v", format, pvh, err)
		}
	}
}

func TestAnUnknownCompressionIsTold(t *testing.T) {
	h, err := Read(file(t, pack(t, "lzo", nil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Vmlinux(t.Context(), filepath.Join(t.TempDir(), "v")); !errors.Is(err, unpack.ErrFormat) || !strings.Contains(err.Error(), "lzo") {
		t.Errorf("error %v", err)
	}
}

func TestWithoutPVH(t *testing.T) {
	for name, b := range map[string][]byte{"another owner": sourcetest.Vmlinux("Foo\x00", 18), "another note": sourcetest.Vmlinux("Xen\x00", 1)} {
		if pvh, err := HasPVH(file(t, b)); pvh || err != nil {
			t.Errorf("%s: %v, %v", name, pvh, err)
		}
	}
}

func TestWhatIsNoKernel(t *testing.T) {
	good := pack(t, "gzip", sourcetest.Vmlinux("Xen\x00", 18))
	old := bytes.Clone(good)
	binary.LittleEndian.PutUint16(old[offProtocol:], 0x0204)
	huge := bytes.Clone(good)
	binary.LittleEndian.PutUint32(huge[offPayload:], 0xfffffff0)
	for name, test := range map[string]struct {
		b    []byte
		want string
	}{
		"empty":            {nil, "no setup header"},
		"text":             {bytes.Repeat([]byte("text "), 1000), "no setup header"},
		"cut":              {good[:len(good)/2], "cut or damaged"},
		"old protocol":     {old, "boot protocol is 0x0204"},
		"payload far away": {huge, "cut or damaged"},
	} {
		_, err := Read(file(t, test.b))
		var not *NotKernelError
		if !errors.As(err, &not) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	damaged := bytes.Clone(good)
	copy(damaged[1060:], "damage damage damage")
	h, err := Read(file(t, damaged))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Vmlinux(t.Context(), filepath.Join(t.TempDir(), "v")); err == nil {
		t.Error("a damaged payload was unpacked")
	}
	var not *NotKernelError
	if _, err := HasPVH(file(t, []byte("text"))); !errors.As(err, &not) {
		t.Errorf("text is an ELF kernel: %v", err)
	}
}
