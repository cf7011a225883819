package vmimage

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/debian"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/lock"
	"kmatrix/vmimage/source"
)

func newEnv(t *testing.T) *Env {
	t.Helper()
	dir := t.TempDir()
	l, err := lock.Open(filepath.Join(dir, "kernels.lock"))
	if err != nil {
		t.Fatal(err)
	}
	return &Env{Env: source.Env{
		Cache: &cache.Cache{Dir: filepath.Join(dir, "cache")}, Lock: l, HTTP: http.DefaultClient, Dir: dir,
		Mirrors: func() (debian.Mirrors, error) { return debian.Mirrors{}, debian.ErrNoApt },
	}}
}

// TestSourcesOutOfReach has none of a source's kinds be had, as far as an image.
func TestSourcesOutOfReach(t *testing.T) {
	// A server that is gone, so that nothing is reached.
	server := httptest.NewServer(nil)
	server.Close()
	for _, kind := range source.Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			fields := map[string]string{}
			for _, f := range kind.Fields {
				if f.Required {
					fields[f.Name] = f.Example
				}
			}
			if strings.HasPrefix(fields[kind.Name], "https://") {
				fields[kind.Name] = server.URL + "/linux.tar.xz"
			}
			k := matrix.Kernel{Name: "k", Source: matrix.Source{Kind: kind.Name, Fields: fields}}
			for _, offline := range []bool{false, true} {
				env := newEnv(t)
				env.Offline = offline
				_, err := Fetch(t.Context(), env, k)
				var missing *fault.UnavailableError
				if !errors.As(err, &missing) || err.Error() == "" {
					t.Errorf("offline %v: a source that is out of reach gave %v", offline, err)
				}
				if left, err := filepath.Glob(filepath.Join(env.Cache.Dir, "*", "*.tmp")); err != nil || len(left) > 0 {
					t.Errorf("the cache holds %v (%v)", left, err)
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			var missing *fault.UnavailableError
			if _, err := Fetch(ctx, newEnv(t), k); strings.HasPrefix(fields[kind.Name], "http") && errors.As(err, &missing) {
				t.Errorf("an interrupt is taken for a source that is out of reach: %v", err)
			}
		})
	}
	if _, err := Fetch(t.Context(), newEnv(t), matrix.Kernel{Name: "k", Source: matrix.Source{Kind: "floppy"}}); err == nil {
		t.Error("a kind that there is not was fetched")
	}
}

func TestAFileThatIsNoKernelIsNamed(t *testing.T) {
	env := newEnv(t)
	if err := os.WriteFile(filepath.Join(env.Dir, "bzImage"), []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Fetch(t.Context(), env, matrix.Kernel{Name: "k", Source: matrix.Source{Kind: "image", Fields: map[string]string{"image": "bzImage"}}})
	var missing *fault.UnavailableError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "bzImage is no Linux kernel for x86-64") {
		t.Errorf("error %v", err)
	}
}
