package debian

import (
	"testing"

	"kmatrix/vmimage/mirrortest"
)

// archive is a mirror that a client is asked of.
type archive struct {
	t *testing.T
	*mirrortest.Mirror
}

func newArchive(t *testing.T) *archive { return &archive{t, mirrortest.New(t)} }

// client returns a client of the archive, with an empty cache.
func (a *archive) client() *Client {
	a.t.Helper()
	return &Client{
		HTTP: a.Server.Client(), Dir: a.t.TempDir(), Log: func(s string) { a.t.Log(s) },
		Mirrors: Mirrors{Archive: a.Server.URL + "/debian", Security: a.Server.URL + "/security", Keyring: a.Keyring(), Origin: "a test"},
	}
}

// kernel is a package with an image.
func kernel(name, version string) mirrortest.Package {
	return mirrortest.Package{Name: name, Version: version, Files: map[string]string{"./boot/vmlinuz-" + version: "kernel " + version, "./usr/share/doc/x": "no"}}
}

func meta(version, depends string) mirrortest.Package {
	return mirrortest.Package{Name: "linux-image-amd64", Version: version, Depends: depends}
}
