package source

import (
	"testing"

	"kmatrix/vmimage/debian"
	"kmatrix/vmimage/mirrortest"
)

// archive serves packages, each with one file, as a suite of Debian's with a real
// signature, and returns what a client is to know of it.
func archive(t *testing.T, packages map[string][2]string) debian.Mirrors {
	t.Helper()
	m := mirrortest.New(t)
	var list []mirrortest.Package
	for name, file := range packages {
		list = append(list, mirrortest.Package{Name: name, Version: "6.12.9-1", Files: map[string]string{file[0]: file[1]}})
	}
	m.Suite("/debian", "trixie", list...)
	return debian.Mirrors{Archive: m.Server.URL + "/debian", Security: m.Server.URL + "/security", Keyring: m.Keyring(), Origin: "a test"}
}
