package modules

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// module makes an ELF object that has a .modinfo section alone.
func module(info ...string) []byte {
	text := []byte(strings.Join(info, "\x00") + "\x00")
	names := []byte("\x00.modinfo\x00.shstrtab\x00")
	le := binary.LittleEndian
	b := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 9)...)
	b = le.AppendUint16(b, 1) // ET_REL
	b = le.AppendUint16(b, 62)
	b = le.AppendUint32(b, 1)
	b = append(b, make([]byte, 16)...)
	at := 64 + len(text) + len(names)
	b = le.AppendUint64(b, uint64(at))
	b = le.AppendUint32(b, 0)
	for _, v := range []uint16{64, 0, 0, 64, 3, 2} {
		b = le.AppendUint16(b, v)
	}
	b = append(append(b, text...), names...)
	section := func(name, kind uint32, off, size int) {
		b = le.AppendUint32(b, name)
		b = le.AppendUint32(b, kind)
		for _, v := range []uint64{0, 0, uint64(off), uint64(size)} {
			b = le.AppendUint64(b, v)
		}
		b = append(b, make([]byte, 24)...)
	}
	section(0, 0, 0, 0)
	section(1, 1, 64, len(text))
	section(10, 3, 64+len(text), len(names))
	return b
}

func makeTree(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var packed bytes.Buffer
		switch filepath.Ext(name) {
		case ".xz":
			w, err := xz.NewWriter(&packed)
			if err != nil {
				t.Fatal(err)
			}
			w.Write(b)
			w.Close()
			b = packed.Bytes()
		case ".zst":
			w, err := zstd.NewWriter(&packed)
			if err != nil {
				t.Fatal(err)
			}
			w.Write(b)
			w.Close()
			b = packed.Bytes()
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func names(s Selection) string {
	var list []string
	for _, m := range s.Modules {
		list = append(list, m.Name)
	}
	return strings.Join(list, " ")
}

func TestDependenciesComeFirst(t *testing.T) {
	dir := makeTree(t, map[string][]byte{
		"kernel/fs/xfs/xfs.ko.xz":                module("depends=libcrc32c", "license=GPL"),
		"kernel/lib/libcrc32c.ko.zst":            module("depends=", "softdep=pre: crypto-crc32c post: nothing"),
		"kernel/crypto/crc32c_generic.ko":        module("depends=", "alias=crypto-crc32c", "alias=crc32c"),
		"kernel/arch/x86/crypto/crc32c-intel.ko": module("depends=", "alias=crypto-crc32c"),
		"kernel/drivers/virtio/virtio_pci.ko":    module("depends=virtio-ring,virtio"),
		"kernel/drivers/virtio/virtio-ring.ko":   module("depends=virtio"),
		"kernel/drivers/net/unused.ko":           module("depends="),
		"modules.builtin":                        []byte("kernel/drivers/virtio/virtio.ko\nkernel/fs/ext4/ext4.ko\n"),
	})
	got, err := Select(t.Context(), dir, []string{"virtio-pci", "xfs", "ext4", "btrfs"})
	if err != nil {
		t.Fatal(err)
	}
	if s := names(got); s != "virtio_ring virtio_pci crc32c_generic libcrc32c xfs" {
		t.Errorf("picked %s", s)
	}
	if s := strings.Join(got.Missing, " "); s != "btrfs" {
		t.Errorf("missing %s", s)
	}
	for _, m := range got.Modules {
		if !bytes.HasPrefix(m.Data, []byte("\x7fELF")) {
			t.Errorf("%s is still compressed", m.Name)
		}
	}
}

func TestTroubleIsSaid(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string][]byte
		want  string
	}{
		"circle":     {map[string][]byte{"a.ko": module("depends=b"), "b.ko": module("depends=a")}, "in a circle: a, b, a"},
		"no module":  {map[string][]byte{"a.ko": []byte("text")}, "a.ko"},
		"damaged xz": {map[string][]byte{"a.ko.xz.part": nil, "b/a.ko.gz": []byte("text")}, "unpack"},
	} {
		if _, err := Select(t.Context(), makeTree(t, test.files), []string{"a"}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Select(t.Context(), filepath.Join(t.TempDir(), "none"), []string{"a"}); err == nil {
		t.Error("a directory that is not there was read")
	}
}
