package disk

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
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

// TestScratchHasTheRoomThatIsAskedFor reads what is free on disks of several sizes.
func TestScratchHasTheRoomThatIsAskedFor(t *testing.T) {
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	c := &cache.Cache{Dir: t.TempDir()}
	// What ext4 keeps for itself of a mounted file system, in MiB: 4096 clusters
	// (ext4_calculate_resv_clusters).
	const reserved = 16
	paths := map[string]bool{}
	for _, mib := range []int64{1, 300, 1 << 10, 64 << 10} {
		path, err := Make(t.Context(), c, Scratch(int(mib)))
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("dumpe2fs", "-h", path).Output()
		if err != nil {
			t.Fatal(err)
		}
		var blocks int64
		_, rest, ok := strings.Cut(string(out), "\nFree blocks:")
		if _, err := fmt.Sscan(rest, &blocks); err != nil || !ok {
			t.Fatalf("%v in\n%s", err, out)
		}
		if free := blocks * 4096 >> 20; free < mib+reserved || free > mib+mib/8+64 {
			t.Errorf("of %d MiB that are asked for %d are free", mib, free)
		}
		var st syscall.Stat_t
		if err := syscall.Stat(path, &st); err != nil || st.Blocks*512 > 64<<20 {
			t.Errorf("%d MiB of scratch take %d bytes of the host's disk (%v)", mib, st.Blocks*512, err)
		}
		paths[path] = true
	}
	if len(paths) != 4 {
		t.Errorf("the disks are %v", paths)
	}
}
