package lock

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func entry(version string) Entry {
	return Entry{
		Source: map[string]string{"deb": "linux-image-amd64", "suite": "bookworm"}, Version: version, Resolved: time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC),
		Files: []File{{Package: "linux-image-6.1", Version: version, URL: "http://mirror.invalid/x.deb", SHA256: strings.Repeat("0", 64), Size: 7}},
	}
}

func TestWhatIsPutIsGot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kernels.lock")
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	other, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for name, l := range map[string]*Lock{"6.1": l, "6.12": other} {
		wg.Go(func() {
			if err := l.Put(name, entry(name)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	again, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"6.1", "6.12"} {
		got, ok := again.Get(name, entry(name).Source)
		if diff := cmp.Diff(entry(name), got); diff != "" || !ok {
			t.Errorf("%s: %v\n%s", name, ok, diff)
		}
	}
	if _, ok := again.Get("6.1", map[string]string{"deb": "linux-image-amd64", "suite": "trixie"}); ok {
		t.Error("an entry of another source counts")
	}
	built, with := Built{Of: "sha256:0", Compiler: "gcc 12", Config: "sha256:1", Image: "sha256:2"}, With{QEMU: "7.2.22", Agent: "sha256:3"}
	if err := errors.Join(l.PutBuilt("6.12", built), other.PutWith(with)); err != nil {
		t.Fatal(err)
	}
	if again, err = Open(path); err != nil {
		t.Fatal(err)
	}
	if got, ok := again.Built("6.12"); !ok || got != built {
		t.Errorf("built %+v, %v", got, ok)
	}
	if _, ok := again.Built("6.1"); ok {
		t.Error("what was not built has a build")
	}
	if got, ok := again.With(); !ok || got != with {
		t.Errorf("with %+v, %v", got, ok)
	}
	if _, ok := again.Get("6.1", entry("6.1").Source); !ok {
		t.Error("the entries of sources are gone")
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("beside the lock stand %v (%v)", left, err)
	}
}

// TestNoEntryIsLost has many write at once, as processes do that know nothing of
// each other: a guard that lets two in loses an entry.
func TestNoEntryIsLost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kernels.lock")
	const writers, each = 4, 12
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			l, err := Open(path)
			for n := 0; n < each && err == nil; n++ {
				name := fmt.Sprintf("k%d-%d", w, n)
				err = l.Put(name, entry(name))
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	d, err := read(path)
	if err != nil || len(d.Kernels) != writers*each {
		t.Errorf("%d entries of %d are there (%v)", len(d.Kernels), writers*each, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("beside the lock stand %v (%v)", left, err)
	}
}

func TestADamagedLockIsSaid(t *testing.T) {
	for text, want := range map[string]string{
		"version: 2\n":             "version: is 2",
		"version: 1\nkernel: {}\n": "unknown field",
		"version: [\n":             "delete the file",
		"version: 1\nkernels: 3\n": "delete the file",
	} {
		path := filepath.Join(t.TempDir(), "kernels.lock")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
