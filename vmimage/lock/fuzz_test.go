package lock

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// FuzzLock reads a kernels.lock: what is taken can be written and read again, and
// what is not names the file and the hint.
func FuzzLock(f *testing.F) {
	f.Add([]byte("version: 1\nwith: {qemu: \"7.2\", agent: a}\nkernels:\n  \"6.1\":\n    source: {deb: x}\n    version: 6.1-1\n    resolved: 2026-11-23T01:02:03Z\n    files: [{url: \"http://m/x\", sha256: aa, size: 3}]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := parse("kernels.lock", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "kernels.lock: ") || !strings.Contains(err.Error(), "delete the file") {
				t.Errorf("error %v", err)
			}
			return
		}
		again, err := yaml.Marshal(d)
		if err != nil {
			t.Fatalf("%+v cannot be written: %v", d, err)
		}
		got, err := parse("kernels.lock", again)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, again)
		}
		if got.Version != d.Version || len(got.Kernels) != len(d.Kernels) || !cmp.Equal(got.With, d.With) {
			t.Errorf("%+v became %+v", d, got)
		}
	})
}
