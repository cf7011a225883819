package debian

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kmatrix/vmimage/download"
	"kmatrix/vmimage/mirrortest"
)

func request(suite string) Request {
	return Request{Package: "linux-image-amd64", Suite: suite, Arch: "amd64"}
}

func TestTheNewestOfSuiteUpdatesAndSecurity(t *testing.T) {
	a := newArchive(t)
	a.Suite("/debian", "stable", meta("6.1.9-1", "linux-image-6.1.9 (= 6.1.9-1), linux-base (>= 4)"), kernel("linux-image-6.1.9", "6.1.9-1"))
	a.Suite("/debian", "stable-updates", meta("6.1.11-1", "linux-image-6.1.11"), kernel("linux-image-6.1.11", "6.1.11-1"))
	a.Suite("/security", "stable-security", meta("6.1.10-1", "linux-image-6.1.10"), kernel("linux-image-6.1.10", "6.1.10-1"))
	c := a.client()
	for _, test := range []struct{ suite, version, want, from string }{
		{"stable", "", "6.1.11-1", "stable-updates"},
		{"stable", "6.1.9", "6.1.9-1", "stable"},
		{"stable", "6.1.10-1", "6.1.10-1", "stable-security"},
		{"stable-security", "", "6.1.10-1", "stable-security"},
	} {
		r := request(test.suite)
		r.Version = test.version
		got, err := c.Resolve(t.Context(), r)
		if err != nil || got.Version != test.want || got.Suite != test.from || len(got.Files) != 1 {
			t.Errorf("%s %s: %+v, %v", test.suite, test.version, got, err)
			continue
		}
		path, err := c.Fetch(t.Context(), got.Files[0], nil)
		if err != nil {
			t.Error(err)
			continue
		}
		dir := t.TempDir()
		if err := Extract(t.Context(), path, dir, func(n string) bool { return strings.HasPrefix(n, "boot/") }); err != nil {
			t.Error(err)
		}
		if text, err := os.ReadFile(filepath.Join(dir, "boot", "vmlinuz-"+test.want)); string(text) != "kernel "+test.want {
			t.Errorf("unpacked %q, %v", text, err)
		}
	}
}

func TestAnImageOfSeveralPackages(t *testing.T) {
	a := newArchive(t)
	a.Suite("/debian", "new", meta("7.3-1", "linux-image-7.3 (= 7.3-1)"),
		mirrortest.Package{Name: "linux-image-7.3", Version: "7.3-1", Depends: "linux-binary-7.3 (= 7.3-1) | linux-binary-7.3-unsigned, linux-modules-7.3 (>= 7.3-1), kmod"},
		kernel("linux-binary-7.3", "7.3-1"), kernel("linux-modules-7.3", "7.3-1"), kernel("linux-modules-7.2", "7.2-1"), kernel("linux-headers-7.3", "7.3-1"))
	got, err := a.client().Resolve(t.Context(), request("new"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range got.Files {
		names = append(names, f.Package)
	}
	if s := strings.Join(names, " "); s != "linux-binary-7.3 linux-modules-7.3" {
		t.Errorf("to fetch: %s", s)
	}
}

// TestWhatIsWrongIsSaid breaks the archive in each way: the error says how, and
// the cache stays empty of it.
func TestWhatIsWrongIsSaid(t *testing.T) {
	const index, inRelease, deb = "/debian/dists/stable/main/binary-amd64/Packages.xz", "/debian/dists/stable/InRelease", "/debian/pool/linux-image-6.1_6.1-1_amd64.deb"
	var (
		sign     *SignatureError
		mismatch *download.MismatchError
		reach    *download.UnreachableError
		missing  *NotFoundError
	)
	for name, test := range map[string]struct {
		damage func(a *archive)
		suite  string
		want   string
		as     any
	}{
		"index changed": {damage: func(a *archive) { a.Files[index] = append(bytes.Clone(a.Files[index][:len(a.Files[index])-1]), 'x') }, want: "its sha256 is", as: &mismatch},
		"index longer":  {damage: func(a *archive) { a.Files[index] = append(a.Files[index], 'x') }, want: "longer than it should be"},
		"list of indexes changed": {damage: func(a *archive) {
			a.Files[inRelease] = bytes.Replace(a.Files[inRelease], []byte("Codename: stable"), []byte("Codename: Stable"), 1)
		}, want: "no valid signature", as: &sign},
		"not signed": {damage: func(a *archive) { a.Files[inRelease] = []byte("Suite: stable\n") }, want: "it is not signed", as: &sign},
		"another's key": {damage: func(a *archive) {
			other := newArchive(a.t)
			other.Suite("/debian", "stable", meta("6.1-1", ""))
			a.Files[inRelease] = other.Files["/debian/dists/stable/InRelease"]
		}, want: "no valid signature of a key in", as: &sign},
		"another suite's index": {damage: func(a *archive) { a.Sign("/debian", "stable", "Suite: old\nCodename: old\nSHA256:\n") }, want: "it is the index of old"},
		"package changed":       {damage: func(a *archive) { a.Files[deb] = append(bytes.Clone(a.Files[deb][:len(a.Files[deb])-1]), 'x') }, want: "its sha256 is", as: &mismatch},
		"package cut":           {damage: func(a *archive) { a.Files[deb] = a.Files[deb][:1000] }, want: "its size is 1000", as: &mismatch},
		"package gone":          {damage: func(a *archive) { delete(a.Files, deb) }, want: "does not have it"},
		"transfer broken off": {damage: func(a *archive) {
			a.Serve = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != deb {
					return false
				}
				w.Header().Set("Content-Length", "100000")
				w.Write([]byte("half"))
				return true
			}
		}, want: "the transfer broke off"},
		"server broken": {damage: func(a *archive) {
			a.Serve = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == index {
					w.WriteHeader(http.StatusBadGateway)
				}
				return r.URL.Path == index
			}
		}, want: "502", as: &reach},
		"no server":     {damage: func(a *archive) { a.Server.Close() }, want: "reach ", as: &reach},
		"no such suite": {suite: "unstabel", want: "there is no suite unstabel on the mirror that a test names"},
		"no such kernel": {damage: func(a *archive) {
			a.Suite("/debian", "stable", mirrortest.Package{Name: "linux-image-cloud-amd64", Version: "6.1-1"})
		}, want: "there are linux-image-cloud-amd64", as: &missing},
		"no kernel in it": {damage: func(a *archive) { a.Suite("/debian", "stable", meta("6.1-1", "linux-base")) }, want: "holds no kernel"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newArchive(t)
			a.Suite("/debian", "stable", meta("6.1-1", "linux-image-6.1"), kernel("linux-image-6.1", "6.1-1"))
			if test.damage != nil {
				test.damage(a)
			}
			if test.suite == "" {
				test.suite = "stable"
			}
			c := a.client()
			c.Mirrors.Security = ""
			got, err := c.Resolve(t.Context(), request(test.suite))
			if err == nil {
				_, err = c.Fetch(t.Context(), got.Files[0], nil)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want …%s…", err, test.want)
			}
			if test.as != nil && !errors.As(err, test.as) {
				t.Errorf("error %v is no %T", err, test.as)
			}
			filepath.WalkDir(c.Dir, func(path string, d fs.DirEntry, err error) error {
				if strings.Contains(path, ".part") && name == "transfer broken off" {
					return nil
				}
				if err == nil && !d.IsDir() && !strings.HasSuffix(path, "InRelease") && !strings.HasSuffix(path, ".xz") {
					t.Errorf("the cache holds %s", path)
				}
				return nil
			})
		})
	}
}

func TestCacheServesWithoutANetwork(t *testing.T) {
	a := newArchive(t)
	a.Suite("/debian", "stable", meta("6.1-1", "linux-image-6.1"), kernel("linux-image-6.1", "6.1-1"))
	c := a.client()
	if _, err := (&Client{HTTP: c.HTTP, Mirrors: c.Mirrors, Dir: t.TempDir(), Offline: true}).Resolve(t.Context(), request("stable")); !errors.Is(err, ErrOffline) {
		t.Errorf("an empty cache gave %v", err)
	}
	got, err := c.Resolve(t.Context(), request("stable"))
	if err != nil {
		t.Fatal(err)
	}
	path, err := c.Fetch(t.Context(), got.Files[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	a.Server.Close()
	offline := &Client{HTTP: c.HTTP, Mirrors: c.Mirrors, Dir: c.Dir, Offline: true}
	again, err := offline.Resolve(t.Context(), request("stable"))
	if err != nil || again.Version != got.Version {
		t.Errorf("offline: %+v, %v", again, err)
	}
	if err := os.WriteFile(path, []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := offline.Fetch(t.Context(), got.Files[0], nil); !errors.Is(err, ErrOffline) {
		t.Errorf("a damaged package in the cache gave %v", err)
	}
}

func TestAnOldIndexIsSaid(t *testing.T) {
	a := newArchive(t)
	a.Suite("/debian", "stable", meta("6.1-1", "linux-image-6.1"), kernel("linux-image-6.1", "6.1-1"))
	c := a.client()
	said := ""
	c.Log = func(s string) { said += s }
	c.Now = func() time.Time { return time.Now().Add(48 * time.Hour) }
	if _, err := c.Resolve(t.Context(), request("stable")); err != nil || !strings.Contains(said, "was valid until") {
		t.Errorf("said %q, %v", said, err)
	}
}

// TestAnInterruptedFetchIsGoneOnWith interrupts one when something has come.
func TestAnInterruptedFetchIsGoneOnWith(t *testing.T) {
	a := newArchive(t)
	a.Suite("/debian", "stable", meta("6.1-1", "linux-image-6.1"), kernel("linux-image-6.1", "6.1-1"))
	c := a.client()
	got, err := c.Resolve(t.Context(), request("stable"))
	if err != nil {
		t.Fatal(err)
	}
	deb := a.Files["/debian/pool/linux-image-6.1_6.1-1_amd64.deb"]
	var ranges []string
	a.Serve = func(w http.ResponseWriter, r *http.Request) bool {
		ranges = append(ranges, r.Header.Get("Range"))
		if len(ranges) == 1 {
			w.Header().Set("Content-Length", fmt.Sprint(len(deb)))
			w.Write(deb[:5000])
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return true
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(deb))
		return true
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := c.Fetch(ctx, got.Files[0], func(int64, int64) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	path, err := c.Fetch(t.Context(), got.Files[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || !bytes.Equal(text, deb) || len(ranges) != 2 || ranges[1] != "bytes=5000-" {
		t.Errorf("%d bytes of %d, asked for %q (%v)", len(text), len(deb), ranges, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left are %v (%v)", left, err)
	}
}

func TestExtractStaysInItsDirectory(t *testing.T) {
	a := newArchive(t)
	outside := t.TempDir()
	deb := filepath.Join(t.TempDir(), "x.deb")
	if err := os.WriteFile(deb, a.Deb(map[string]string{"../../escape": "x", "/abs": "x", "./link": "-> " + outside, "./link/file": "x"}), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := Extract(t.Context(), deb, dir, func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) > 0 {
		t.Errorf("written outside: %v, %v", left, err)
	}
	for _, name := range []string{"escape", "abs", "link/file"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if err := os.WriteFile(deb, []byte("no package"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Extract(t.Context(), deb, dir, func(string) bool { return true }); err == nil {
		t.Error("a file that is no package was unpacked")
	}
}
