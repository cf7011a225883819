package source

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/debian"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/imagedir"
	"kmatrix/vmimage/lock"
	"kmatrix/vmimage/sourcetest"
)

// example is a source that a kind can resolve, and one that it cannot.
type example struct {
	fields, gone map[string]string
	mirrors      debian.Mirrors
	// recorded tells that kernels.lock has a say.
	recorded bool
	// unmade tells that what is fetched is no kernel that boots, so that the entry
	// cannot be made here: real packages are, where kernels boot.
	unmade bool
}

// examples has one for each kind that is registered.
var examples = map[string]func(t *testing.T) example{
	"tree": func(t *testing.T) example {
		return example{fields: map[string]string{"tree": sourcetest.Tree(t)}, gone: map[string]string{"tree": t.TempDir()}}
	},
	"image": func(t *testing.T) example {
		file := filepath.Join(t.TempDir(), "vmlinux")
		if err := os.WriteFile(file, sourcetest.Vmlinux("Xen\x00", 18), 0o644); err != nil {
			t.Fatal(err)
		}
		return example{fields: map[string]string{"image": file}, gone: map[string]string{"image": file + ".gone"}}
	},
	"git": func(t *testing.T) example {
		at := "file://" + sourcetest.Repository(t)
		return example{fields: map[string]string{"git": at, "ref": "v1"}, gone: map[string]string{"git": at, "ref": "v9"}, recorded: true}
	},
	"tarball": func(t *testing.T) example {
		file := sourcetest.Tarball(t, sourcetest.Tree(t))
		server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(file))))
		t.Cleanup(server.Close)
		at := server.URL + "/" + filepath.Base(file)
		return example{fields: map[string]string{"tarball": at}, gone: map[string]string{"tarball": server.URL + "/linux-6.99.tar.xz"}, recorded: true}
	},
	"deb": func(t *testing.T) example {
		return example{
			mirrors: archive(t, map[string][2]string{"linux-image-x-amd64": {"./boot/vmlinuz-6", "no kernel"}}), recorded: true, unmade: true,
			fields: map[string]string{"deb": "linux-image-x-amd64", "suite": "trixie"}, gone: map[string]string{"deb": "linux-image-y-amd64", "suite": "trixie"},
		}
	},
	"deb-source": func(t *testing.T) example {
		text, err := os.ReadFile(sourcetest.Tarball(t, sourcetest.Tree(t)))
		if err != nil {
			t.Fatal(err)
		}
		return example{
			mirrors: archive(t, map[string][2]string{"linux-source-6.12": {"./usr/src/linux-source-6.12.tar.xz", string(text)}}), recorded: true,
			fields: map[string]string{"deb-source": "linux-source-6.12", "suite": "trixie"}, gone: map[string]string{"deb-source": "linux-source-6.11", "suite": "trixie"},
		}
	},
}

func newEnv(t *testing.T, mirrors debian.Mirrors) *Env {
	t.Helper()
	dir := t.TempDir()
	l, err := lock.Open(filepath.Join(dir, "kernels.lock"))
	if err != nil {
		t.Fatal(err)
	}
	return &Env{
		Cache: &cache.Cache{Dir: filepath.Join(dir, "cache")}, Lock: l, HTTP: http.DefaultClient, Dir: dir,
		Mirrors: func() (debian.Mirrors, error) { return mirrors, nil },
	}
}

// TestSources is the contract of every kind of source that is registered.
func TestSources(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			describes(t, kind)
			make, ok := examples[kind.Name]
			if !ok {
				t.Fatal("there is no example of it: give it one in examples")
			}
			e := make(t)
			env := newEnv(t, e.mirrors)
			kernel := func(fields map[string]string) matrix.Kernel {
				return matrix.Kernel{Name: "k", Source: matrix.Source{Kind: kind.Name, Fields: fields}}
			}
			isUnavailable(t, newEnv(t, e.mirrors), kernel(e.gone))
			k := kernel(e.fields)
			looks(t, env, k)
			settled := settles(t, env, k, e)
			if (settled.Tree != nil) != kind.Builds || (settled.Image != nil) == kind.Builds {
				t.Fatalf("it builds: %v, and the recipe is %+v", kind.Builds, settled)
			}
			if e.unmade {
				return
			}
			isMade(t, env, settled)
			if err := resolvesOffline(t.Context(), env, k, settled); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := Resolve(t.Context(), newEnv(t, debian.Mirrors{}), matrix.Kernel{Name: "k", Source: matrix.Source{Kind: "floppy"}}); err == nil {
		t.Error("a kind that there is not was resolved")
	}
}

// describes holds a kind to what it says of itself.
func describes(t *testing.T, kind matrix.SourceKind) {
	t.Helper()
	if kind.Doc == "" || len(kind.Fields) == 0 || kind.Fields[0].Name != kind.Name || !kind.Fields[0].Required {
		t.Errorf("its description is %+v", kind)
	}
	for _, f := range kind.Fields {
		if f.Doc == "" || f.Example == "" || f.Pattern != "" && !regexp.MustCompile(`^(?:`+f.Pattern+`)$`).MatchString(f.Example) {
			t.Errorf("its field is %+v", f)
		}
	}
}

// isUnavailable holds a kind to telling of what cannot be had, as its source's fault.
func isUnavailable(t *testing.T, env *Env, k matrix.Kernel) {
	t.Helper()
	r, err := Settle(t.Context(), env, k)
	var missing *fault.UnavailableError
	if !errors.As(err, &missing) || err.Error() == "" {
		t.Errorf("what there is not gave %+v, %v", r, err)
	}
}

// looks holds a kind to resolving without doing anything: twice the same, and nothing
// is made or recorded.
func looks(t *testing.T, env *Env, k matrix.Kernel) {
	t.Helper()
	before := list(t, env.Cache.Dir)
	first, err := Resolve(t.Context(), env, k)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Resolve(t.Context(), env, k)
	if err != nil || key(first) != key(second) || (first.Before == nil) != (second.Before == nil) {
		t.Errorf("resolved %+v and then %+v, %v", first, second, err)
	}
	for _, reach := range reaches(first) {
		if err := reach(t.Context()); err != nil {
			t.Errorf("it is not reached: %v", err)
		}
	}
	if diff := cmp.Diff(before, list(t, env.Cache.Dir)); diff != "" {
		t.Errorf("looking has changed the cache: %s", diff)
	}
	if _, err := os.Stat(env.Lock.Path()); err == nil {
		t.Error("looking has written kernels.lock")
	}
}

// settles holds a kind to coming to an end, and to recording what it came to.
func settles(t *testing.T, env *Env, k matrix.Kernel, e example) Recipe {
	t.Helper()
	locked := &Env{Cache: env.Cache, Lock: env.Lock, HTTP: env.HTTP, Dir: env.Dir, Mirrors: env.Mirrors, Locked: true}
	_, err := Settle(t.Context(), locked, k)
	var refused *fault.LockedError
	if e.recorded != errors.As(err, &refused) {
		t.Errorf("--locked without an entry gave %v", err)
	}
	r, err := Settle(t.Context(), env, k)
	if err != nil {
		t.Fatal(err)
	}
	if key(r) == "" || r.Before != nil || r.Trust == "" {
		t.Errorf("it is settled as %+v", r)
	}
	if _, ok := env.Lock.Get(k.Name, k.Source.Fields); ok != e.recorded {
		t.Errorf("kernels.lock has it: %v", ok)
	}
	return r
}

// isMade holds a recipe to its entry: what it makes is a tree, or an image.
func isMade(t *testing.T, env *Env, r Recipe) {
	t.Helper()
	if r.Tree != nil {
		if _, err := r.Tree.Open(t.Context(), env.Cache); err != nil || !r.Tree.Has(env.Cache) {
			t.Errorf("its tree: %v", err)
		}
		return
	}
	dir, err := env.Cache.Get(t.Context(), r.Image.Entry)
	if err != nil {
		t.Fatal(err)
	}
	img, err := imagedir.Open(dir)
	if err != nil || img.Boot == "" || img.Digest == "" {
		t.Errorf("its image is %+v, %v", img, err)
	}
}

// resolvesOffline holds a kind to being found again by what the lock has, with nothing
// fetched.
func resolvesOffline(ctx context.Context, env *Env, k matrix.Kernel, was Recipe) error {
	off := &Env{Cache: env.Cache, Lock: env.Lock, HTTP: &http.Client{Transport: noNetwork{}}, Dir: env.Dir, Mirrors: env.Mirrors, Locked: true, Offline: true}
	r, err := Settle(ctx, off, k)
	switch {
	case err != nil:
		return err
	case key(r) != key(was):
		return errors.New("offline it is " + key(r) + ", and was " + key(was))
	}
	return nil
}

// noNetwork refuses to be asked.
type noNetwork struct{}

// RoundTrip fails.
func (noNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, errors.New("asked for " + r.URL.String())
}

// reaches are the ways to find out whether what a recipe names can be had.
func reaches(r Recipe) (list []func(context.Context) error) {
	add := func(reach func(context.Context) error) {
		if reach != nil {
			list = append(list, reach)
		}
	}
	if r.Before != nil {
		add(r.Before.Reach)
	}
	if r.Tree != nil {
		add(r.Tree.Entry.Reach)
	}
	if r.Image != nil {
		add(r.Image.Entry.Reach)
	}
	return list
}

// key names what a recipe is of.
func key(r Recipe) string {
	switch {
	case r.Tree != nil:
		return r.Tree.Digest
	case r.Image != nil:
		return r.Image.Entry.Key
	}
	return ""
}

// list lists what the cache holds, but for Debian's indexes, which resolving reads.
func list(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*/*", "*/*.tmp"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if !strings.HasPrefix(f, filepath.Join(dir, DirDebian)) {
				names = append(names, f)
			}
		}
	}
	return names
}
