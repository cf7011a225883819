package debian

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzIndex reads a mirror's indexes. They are signed, and yet: what is taken of
// them has a digest, and names no file elsewhere.
func FuzzIndex(f *testing.F) {
	f.Add([]byte("Package: linux-image-amd64\nVersion: 6.1-1\nDepends: linux-image-6.1 (= 6.1-1) | linux-image-x (>> 2)\nFilename: pool/x.deb\nSize: 7\nSHA256: " + strings.Repeat("a", 64) + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		packages, err := parsePackages(bytes.NewReader(text))
		sources, e := parseSources(bytes.NewReader(text))
		for _, p := range append(packages, sources...) {
			if len(p.sha256) != 64 || p.filename == "" || !strings.HasPrefix(p.name, "linux") {
				t.Errorf("%+v is taken (%v, %v)", p, err, e)
			}
			for _, alternatives := range dependencies(p.depends) {
				if one, ok := choose(packages, alternatives); ok && !strings.HasPrefix(one.name, "linux-") {
					t.Errorf("%s is chosen for %+v", one.name, alternatives)
				}
			}
			if compare(p.version, p.version) != 0 {
				t.Errorf("%q is not equal to itself", p.version)
			}
		}
		release, err := (&Client{}).parseRelease("http://mirror/InRelease", "bookworm", text)
		for name, want := range release.files {
			if len(want.SHA256) != 64 {
				t.Errorf("%s has the digest %q (%v)", name, want.SHA256, err)
			}
		}
	})
}
