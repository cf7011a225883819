package vmimage

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"kmatrix/vmimage/imagedir"
)

// TestDebugInformationIsKept collects what was built with and without it: it is no
// part of what the image is named by.
func TestDebugInformationIsKept(t *testing.T) {
	image := make([]byte, 1100) // its payload is in a format that is not read
	image[0x1f1] = 1
	copy(image[0x202:], "HdrS")
	binary.LittleEndian.PutUint16(image[0x206:], 0x020f)
	binary.LittleEndian.PutUint16(image[0x20e:], 0x100)
	copy(image[0x300:], "6.12.0-test (builder@host) #1\x00")
	binary.LittleEndian.PutUint32(image[0x248:], 16)
	binary.LittleEndian.PutUint32(image[0x24c:], 8)
	copy(image[1040:], "\x89LZO....")
	digests := map[string]string{}
	for name, test := range map[string]struct{ config, vmlinux string }{
		"without": {"CONFIG_64BIT=y\n# CONFIG_DEBUG_INFO is not set\n", "stripped"},
		"with":    {"CONFIG_64BIT=y\nCONFIG_DEBUG_INFO=y\n", "symbols"},
		"again":   {"CONFIG_64BIT=y\nCONFIG_DEBUG_INFO=y\n", "symbols of another directory"},
	} {
		objects, dir := t.TempDir(), t.TempDir()
		for file, text := range map[string]string{"arch/x86/boot/bzImage": string(image), ".config": test.config, imagedir.FileBuilt: "{}", "vmlinux": test.vmlinux} {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(objects, file)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(objects, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := collect(t.Context(), objects, dir); err != nil {
			t.Fatal(err)
		}
		img, err := imagedir.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		digests[name] = img.Digest
		if name == "without" {
			if img.Symbols != "" {
				t.Errorf("%s: %s is kept", name, img.Symbols)
			}
			continue
		}
		if got, err := os.ReadFile(img.Symbols); err != nil || string(got) != test.vmlinux {
			t.Errorf("%s: %q is kept (%v)", name, got, err)
		}
	}
	if digests["with"] != digests["again"] {
		t.Error("debug information changes the image's digest")
	}
}
