package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kmatrix/vmimage/cache"
)

// ownCache gives the test a cache of its own, and returns what kernels needs to
// run anywhere: a file for the guest's initramfs.
func ownCache(t *testing.T) (dir, initramfs string) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", home)
	initramfs = filepath.Join(home, "initramfs.cpio")
	if err := os.WriteFile(initramfs, []byte("archive"), 0o644); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(home, "kmatrix"), initramfs
}

// notLinux makes a directory that passes for a source tree of Linux.
func notLinux(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "arch", "x86"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"Makefile": "PATCHLEVEL = 1\n%:\n\t@echo a.c:1: error: no; exit 1\n", "arch/x86/Kconfig": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestKernels(t *testing.T) {
	_, initramfs := ownCache(t)
	file := write(t, "version: 1\nbaseline: \"x\"\nkernels:\n  - {name: x, source: {tree: "+notLinux(t)+"}}\n  - {name: y, source: {image: none}}\n")
	kernels := func(args ...string) (string, string, int) {
		t.Helper()
		return command(t, append([]string{"kernels", "-f", file, "--initramfs", initramfs}, args...)...)
	}
	out, errs, code := kernels()
	if code != exitDone || !strings.Contains(out, "x       tree    resolvable   –") || !strings.Contains(out, "(to be built)") || !strings.Contains(out, "unreachable") || !strings.Contains(out, "none: no such file") {
		t.Errorf("exit code %d, printed %s%s", code, out, errs)
	}
	var doc struct {
		Version int
		Kernels []struct{ Kernel, Status string }
	}
	out, _, _ = kernels("list", "--json")
	if err := json.Unmarshal([]byte(out), &doc); err != nil || doc.Version != 1 || len(doc.Kernels) != 2 || doc.Kernels[0].Status != "resolvable" {
		t.Errorf("the JSON is %s (%v)", out, err)
	}
	listed := filepath.Join(t.TempDir(), "list.json")
	if printed, errs, code := kernels("--json", "-o", listed); code != exitDone || printed != "" || errs != "" {
		t.Errorf("-o: exit code %d, printed %q and %q", code, printed, errs)
	}
	if text, err := os.ReadFile(listed); err != nil || string(text) != out {
		t.Errorf("the file holds %q (%v), want %q", text, err, out)
	}
	if _, errs, code := kernels("-o", "none/x"); code != exitWrongUse || !strings.Contains(errs, "there is no directory none") {
		t.Errorf("-o none/x: exit code %d, %q", code, errs)
	}
	out, errs, code = kernels("build", "x", "y")
	if code != exitInfra || !strings.Contains(out, "x: make tinyconfig: a.c:1: error: no") || !strings.Contains(out, "y: ") || !strings.Contains(errs, "could not process x, y") {
		t.Errorf("exit code %d, printed %s%s", code, out, errs)
	}
	out, _, code = kernels("lock")
	if code != exitDone || !strings.Contains(out, "x: not recorded") || !strings.Contains(out, "none: no such file") {
		t.Errorf("lock: exit code %d, printed %s", code, out)
	}
	for name, args := range map[string][]string{
		"no name":           {"fetch"},
		"an unknown name":   {"build", "z"},
		"unknown to rm":     {"rm", "z"},
		"unknown to lock":   {"lock", "--update", "z"},
		"an unknown verb":   {"burn"},
		"a size of nothing": {"prune", "--max-size", "2X"},
		"keep of nothing":   {"prune", "--keep", "-1"},
	} {
		if _, errs, code := kernels(args...); code != exitWrongUse || errs == "" {
			t.Errorf("%s: exit code %d, printed %s", name, code, errs)
		}
	}
}

// TestRewrite looks for a tarball where rewrite: says that its server is.
func TestRewrite(t *testing.T) {
	_, initramfs := ownCache(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/mirror/linux-6.12.tar.xz" {
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	for where, want := range map[string]string{"https://kernel.invalid/": "resolvable", "https://other.invalid/": "unreachable"} {
		file := write(t, "version: 1\nbaseline: x\nkernels:\n  - {name: x, source: {tarball: \"https://kernel.invalid/linux-6.12.tar.xz\"}}\nrewrite: {\""+where+"\": \""+server.URL+"/mirror/\"}\n")
		if out, errs, code := command(t, "kernels", "-f", file, "--initramfs", initramfs); code != exitDone || !strings.Contains(out, want) {
			t.Errorf("rewrite of %s: exit code %d, printed %s%s", where, code, out, errs)
		}
	}
}

// TestWhatVouchesForASourceIsShown lists kernels, and records what nobody vouches
// for, and then another file under its name.
func TestWhatVouchesForASourceIsShown(t *testing.T) {
	_, initramfs := ownCache(t)
	dir := t.TempDir()
	tree := filepath.Join(dir, "linux-6.12")
	pack := func(content string) []byte {
		t.Helper()
		for name, text := range map[string]string{"Makefile": "VERSION = 6\nPATCHLEVEL = 12\n", "arch/x86/Kconfig": content} {
			if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(tree, name)), 0o755), os.WriteFile(filepath.Join(tree, name), []byte(text), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		out, err := exec.Command("tar", "-C", dir, "-cz", "linux-6.12").Output()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	text := pack("")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(text) }))
	defer server.Close()
	source := "{tarball: \"" + server.URL + "/linux-6.12.tar.gz\""
	file := write(t, "version: 1\nbaseline: first\nkernels:\n  - {name: first, source: "+source+"}}\n  - {name: given, source: "+source+", sha256: "+fmt.Sprintf("%x", sha256.Sum256(text))+"}}\n  - {name: mine, source: {tree: "+tree+"}}\n")
	kernels := func(args ...string) string {
		t.Helper()
		out, errs, code := command(t, append([]string{"kernels", "-f", file, "--initramfs", initramfs}, args...)...)
		if code != exitDone {
			t.Errorf("%v: exit code %d, printed %s", args, code, errs)
		}
		return out
	}
	if out := kernels("lock"); !strings.Contains(out, fmt.Sprintf("first: linux-6.12.tar.gz, sha256 %x, trusted on first use", sha256.Sum256(text))) || !strings.Contains(out, "given: not recorded") {
		t.Errorf("lock printed %s", out)
	}
	list := kernels()
	for name, trust := range map[string]string{"first": "first-use", "given": "digest", "mine": "local"} {
		if !regexp.MustCompile(name + ` +(tarball|tree) +resolvable +\S.* +` + trust + ` +`).MatchString(list) {
			t.Errorf("%s is not %s in\n%s", name, trust, list)
		}
	}
	if out := kernels("--json"); strings.Count(out, `"trust": "first-use"`) != 1 {
		t.Errorf("the list is %s", out)
	}
	old := text
	text = pack("changed")
	if out := kernels("lock", "--update", "first"); !strings.Contains(out, fmt.Sprintf("sha256 %x (before: %x)", sha256.Sum256(text), sha256.Sum256(old))) {
		t.Errorf("lock --update printed %s", out)
	}
}

func TestPruning(t *testing.T) {
	dir, initramfs := ownCache(t)
	file := write(t, one)
	for i, key := range []string{"kernels/old", "kernels/older", "trees/old"} {
		path := filepath.Join(dir, key)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		used := time.Now().Add(-time.Duration(i+1) * time.Hour)
		if err := os.Chtimes(path, used, used); err != nil {
			t.Fatal(err)
		}
	}
	prune := func(args ...string) string {
		t.Helper()
		out, errs, code := command(t, append([]string{"kernels", "prune", "-f", file, "--initramfs", initramfs}, args...)...)
		if code != exitDone {
			t.Errorf("prune %v: exit code %d, printed %s", args, code, errs)
		}
		return out
	}
	there := func(key string) bool {
		_, err := os.Stat(filepath.Join(dir, key))
		return err == nil
	}
	if out := prune("--dry-run"); !strings.Contains(out, "3 entries") || !there("trees/old") {
		t.Errorf("a dry run printed %s", out)
	}
	if out := prune("--keep", "1"); !strings.Contains(out, "2 entries") || !there("kernels/old") || there("kernels/older") || there("trees/old") {
		t.Errorf("prune --keep 1 printed %s", out)
	}
	release, err := (&cache.Cache{Dir: dir}).Use()
	if err != nil {
		t.Fatal(err)
	}
	if _, errs, code := command(t, "kernels", "prune", "-f", file, "--initramfs", initramfs); code != exitInfra || !strings.Contains(errs, "another kmatrix uses the cache") || !there("kernels/old") {
		t.Errorf("prune of a cache in use: exit code %d, printed %s", code, errs)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if out := prune(); !strings.Contains(out, "1 entries") || there("kernels/old") {
		t.Errorf("prune printed %s", out)
	}
}

// TestWhatIsPruned has what is used stay, unless there is too much of it.
func TestWhatIsPruned(t *testing.T) {
	list := []cache.Entry{{Key: "kernels/a", Bytes: 10}, {Key: "objects/a", Bytes: 50}, {Key: "kernels/b", Bytes: 10}, {Key: "trees/a", Bytes: 100}, {Key: "kernels/c", Bytes: 10}}
	used := map[string]bool{"kernels/a": true, "objects/a": true, "trees/a": true}
	for name, test := range map[string]struct {
		keep int
		most int64
		want string
	}{
		"what is not used":        {0, 1000, "kernels/b kernels/c"},
		"but one":                 {1, 1000, "kernels/c"},
		"trees first":             {0, 60, "kernels/b trees/a kernels/c"},
		"then objects, no images": {0, 10, "objects/a kernels/b trees/a kernels/c"},
		"all":                     {0, 0, "kernels/a objects/a kernels/b trees/a kernels/c"},
	} {
		goes := prune(list, used, test.keep, test.most)
		var got []string
		for _, e := range list {
			if goes[e.Key] {
				got = append(got, e.Key)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %v goes, want %s", name, got, test.want)
		}
	}
}
