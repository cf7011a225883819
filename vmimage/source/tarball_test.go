package source

import (
	"os"
	"path/filepath"
	"testing"
)

func TestVersionsInNames(t *testing.T) {
	for _, test := range []struct {
		name, makefile string
		ok             bool
	}{
		{"linux-5.15.148.tar.xz", "VERSION = 5\nPATCHLEVEL = 15\nSUBLEVEL = 148\nEXTRAVERSION =\nNAME = Trick or Treat\n", true},
		{"linux-5.15.147.tar.xz", "VERSION = 5\nPATCHLEVEL = 15\nSUBLEVEL = 148\nEXTRAVERSION =\n", false},
		{"linux-5.15.14.tar.xz", "VERSION = 5\nPATCHLEVEL = 15\nSUBLEVEL = 148\nEXTRAVERSION =\n", false},
		{"linux-6.5.tar.gz", "VERSION = 6\nPATCHLEVEL = 5\nSUBLEVEL = 0\nEXTRAVERSION =\n", true},
		{"linux-6.5-rc3.tar.gz", "VERSION = 6\nPATCHLEVEL = 5\nSUBLEVEL = 0\nEXTRAVERSION = -rc3\n", true},
		{"linux-6.5-rc3.tar.gz", "VERSION = 6\nPATCHLEVEL = 5\nSUBLEVEL = 0\nEXTRAVERSION =\n", false},
		{"linux-6.5.tgz", "VERSION = 6\nPATCHLEVEL = 5\nSUBLEVEL = 7\nEXTRAVERSION = -mine\n", true},
		{"linux-2.6.32.61.tar.bz2", "VERSION = 2\nPATCHLEVEL = 6\nSUBLEVEL = 32\nEXTRAVERSION = .61\n", true},
		{"linux-mine.tar.gz", "VERSION = 6\nPATCHLEVEL = 5\n", true},
		{"v6.5.tar.gz", "VERSION = 6\nPATCHLEVEL = 6\n", true},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "Makefile"), []byte("# SPDX\n"+test.makefile), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := checkVersion(dir, test.name); (err == nil) != test.ok {
			t.Errorf("%s with %q: %v", test.name, test.makefile, err)
		}
	}
}
