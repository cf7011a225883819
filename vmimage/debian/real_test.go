//go:build boots

package debian

import (
	"net/http"
	"strings"
	"testing"
)

// TestRealSources resolves the tarball that each suite's kernel is made of.
func TestRealSources(t *testing.T) {
	mirrors, err := FromApt("/")
	if err != nil {
		t.Fatal(err)
	}
	c := &Client{HTTP: http.DefaultClient, Mirrors: mirrors, Dir: t.TempDir(), Log: func(s string) { t.Log(s) }}
	for suite, want := range map[string]string{"bullseye": "linux_5.10.", "bookworm": "linux_6.1.", "trixie": "linux_6.12."} {
		got, err := c.Resolve(t.Context(), Request{Package: "linux", Suite: suite, Arch: ArchSource})
		if err != nil || len(got.Files) != 1 || !strings.Contains(got.Files[0].URL, "/"+want) || got.Files[0].Size < 100<<20 {
			t.Errorf("%s: resolved %+v, %v", suite, got, err)
		}
	}
}

// TestRealSuites resolves the newest kernel of every suite that Debian serves,
// on the mirror that this machine's apt names: the one layout with image and
// modules in one package, and the one with several.
func TestRealSuites(t *testing.T) {
	mirrors, err := FromApt("/")
	if err != nil {
		t.Fatal(err)
	}
	c := &Client{HTTP: http.DefaultClient, Mirrors: mirrors, Dir: t.TempDir(), Log: func(s string) { t.Log(s) }}
	for suite, want := range map[string]string{
		"bullseye": "5.10.", "bookworm": "6.1.", "trixie": "6.12.", "bookworm-backports": "6.", "trixie-backports": "",
	} {
		got, err := c.Resolve(t.Context(), Request{Package: "linux-image-cloud-amd64", Suite: suite, Arch: "amd64"})
		if err != nil {
			t.Errorf("%s: %v", suite, err)
			continue
		}
		var files []string
		for _, f := range got.Files {
			files = append(files, f.Package)
		}
		t.Logf("%s: %s from %s: %s", suite, got.Version, got.Suite, strings.Join(files, " "))
		if !strings.HasPrefix(got.Version, want) || len(files) == 0 {
			t.Errorf("%s: resolved %s with %d files, want %s…", suite, got.Version, len(files), want)
		}
	}
}
