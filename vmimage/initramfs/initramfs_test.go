package initramfs

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/u-root/u-root/pkg/cpio"

	"kmatrix/vmimage/modules"
)

func TestModulesAndTheirList(t *testing.T) {
	var b, again bytes.Buffer
	virtio, pci := modules.Module{Name: "virtio", Data: []byte("first")}, modules.Module{Name: "virtio_pci", Data: []byte("second")}
	list := []Need{{"guest", []modules.Module{virtio, pci}}, {"other", []modules.Module{virtio}}}
	for _, w := range []io.Writer{&b, &again} {
		if err := WriteModules(w, list); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("two archives of the same modules differ")
	}
	// Joined behind another archive, as the kernel reads them.
	var joined bytes.Buffer
	if err := Join(&joined, strings.NewReader("odd"), &b); err != nil {
		t.Fatal(err)
	}
	records, err := cpio.ReadAllRecords(cpio.Newc.Reader(bytes.NewReader(joined.Bytes()[4:])))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, r := range records {
		if r.ReaderAt == nil {
			continue
		}
		text := make([]byte, r.FileSize)
		if _, err := r.ReadAt(text, 0); err != nil && len(text) > 0 {
			t.Fatal(err)
		}
		if found[r.Name] != "" {
			t.Errorf("%s is there twice", r.Name)
		}
		found[r.Name] = string(text)
	}
	if found["lib/modules/virtio.ko"] != "first" || found[ModuleList] != "guest /lib/modules/virtio.ko\nguest /lib/modules/virtio_pci.ko\nother /lib/modules/virtio.ko\n" {
		t.Errorf("the archive holds %q", found)
	}
}
