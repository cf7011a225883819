package disk

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"kmatrix/vmimage/cache"
)

func TestForProbes(t *testing.T) {
	for _, name := range []string{"xfs", "overlay"} {
		if got := ForProbes([]string{"tmpfs", name, ""}); len(got) != 1 || got[0].Name != "xfs" {
			t.Errorf("the disks for %s are %v", name, got)
		}
	}
}

func TestAMissingMkfsNamesItsPackage(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Make(t.Context(), &cache.Cache{Dir: t.TempDir()}, FileSystems[0])
	if err == nil || !strings.Contains(err.Error(), "xfsprogs") || !strings.Contains(err.Error(), "make setup") {
		t.Errorf("error %v", err)
	}
}

// TestMake makes each file system and reads its magic number back.
func TestMake(t *testing.T) {
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	c := &cache.Cache{Dir: t.TempDir()}
	for _, f := range FileSystems {
		if _, err := exec.LookPath(f.Program); err != nil {
			t.Errorf("make setup installs %s: %v", f.Program, err)
			continue
		}
		path, err := Make(t.Context(), c, f)
		if err != nil {
			t.Error(err)
			continue
		}
		info, err := os.Stat(path)
		if err != nil || info.Size() != f.MiB<<20 {
			t.Errorf("%s: %v, %v", f.Name, info, err)
		}
		image, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		head := make([]byte, 2048)
		if _, err := image.ReadAt(head, 0); err != nil {
			t.Fatal(err)
		}
		image.Close()
		if xfs, ext := string(head[:4]) == "XFSB", head[1024+0x38] == 0x53 && head[1024+0x39] == 0xef; xfs != (f.Name == "xfs") || ext != (f.Name == "ext4") {
			t.Errorf("%s: its magic numbers are %x and %x", f.Name, head[:4], head[1024+0x38:1024+0x3a])
		}
		if again, err := Make(t.Context(), c, f); again != path || err != nil {
			t.Errorf("%s was made again: %s, %v", f.Name, again, err)
		}
	}
}
