package debian

import (
	"errors"
	"path/filepath"
	"testing"

	"kmatrix/vmimage/sourcetest"

	"github.com/google/go-cmp/cmp"
)

func TestFromApt(t *testing.T) {
	const release = "PRETTY_NAME=\"Debian\"\nVERSION_CODENAME=bookworm\n"
	for name, test := range map[string]struct {
		files map[string]string
		want  Mirrors
		err   error
	}{
		"deb822": {
			files: map[string]string{
				"etc/apt/sources.list.d/debian.sources": "# Debian\nTypes: deb\nURIs: http://mirror.invalid/debian/\nSuites: bookworm bookworm-updates\nComponents: main\n# kept\nSigned-By: /keys/debian.gpg\n\nTypes: deb\nURIs: http://mirror.invalid/debian-security\nSuites: bookworm-security\nComponents: main\n",
			},
			want: Mirrors{Archive: "http://mirror.invalid/debian", Security: "http://mirror.invalid/debian-security", Keyring: "/keys/debian.gpg", Origin: "etc/apt/sources.list.d/debian.sources"},
		},
		"one-line": {
			files: map[string]string{
				"etc/apt/sources.list": "deb-src http://src.invalid/debian bookworm main\ndeb [arch=amd64 signed-by=/keys/d.gpg] https://mirror.invalid/debian bookworm main contrib # comment\ndeb https://mirror.invalid/security bookworm-security main\n",
			},
			want: Mirrors{Archive: "https://mirror.invalid/debian", Security: "https://mirror.invalid/security", Keyring: "/keys/d.gpg", Origin: "etc/apt/sources.list"},
		},
		"others' repositories": {
			files: map[string]string{
				"etc/apt/sources.list.d/a.list":     "deb https://cloud.invalid/apt cloud-sdk main\n",
				"etc/apt/sources.list.d/b.sources":  "Types: deb\nURIs: https://node.invalid/\nSuites: nodistro\nComponents: main\n",
				"etc/apt/sources.list.d/c.list":     "deb http://mirror.invalid/debian bookworm main\n",
				"etc/apt/sources.list.d/d.list.bak": "deb http://old.invalid/debian bookworm main\n",
			},
			want: Mirrors{Archive: "http://mirror.invalid/debian", Keyring: DefaultKeyring, Origin: "etc/apt/sources.list.d/c.list"},
		},
		"another's stable": {
			files: map[string]string{"etc/apt/sources.list": "deb http://browser.invalid/deb stable main\ndeb http://mirror.invalid/debian stable main\ndeb http://mirror.invalid/debian-security stable-security main\n"},
			want:  Mirrors{Archive: "http://mirror.invalid/debian", Security: "http://mirror.invalid/debian-security", Keyring: DefaultKeyring, Origin: "etc/apt/sources.list"},
		},
		"switched off": {
			files: map[string]string{
				"etc/apt/sources.list":             "# deb http://off.invalid/debian bookworm main\n",
				"etc/apt/sources.list.d/d.sources": "Enabled: no\nTypes: deb\nURIs: http://off.invalid/debian\nSuites: bookworm\nComponents: main\n",
			},
			err: ErrNoApt,
		},
		"the key itself": {
			files: map[string]string{
				"etc/apt/sources.list.d/d.sources": "Types: deb\nURIs: cdrom:x http://mirror.invalid/debian\nSuites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n xyz\n",
			},
			want: Mirrors{Archive: "http://mirror.invalid/debian", Keyring: DefaultKeyring, Origin: "etc/apt/sources.list.d/d.sources"},
		},
		"no apt": {err: ErrNoApt},
	} {
		t.Run(name, func(t *testing.T) {
			root := sourcetest.Files(t, test.files)
			sourcetest.Write(t, root, map[string]string{"etc/os-release": release})
			got, err := FromApt(root)
			if !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if rel, e := filepath.Rel(root, got.Origin); e == nil {
				got.Origin = rel
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVersions(t *testing.T) {
	for _, test := range []struct {
		have, want string
		ok         bool
	}{
		{"6.1.140-1", "", true}, {"6.1.140-1", "6.1.140-1", true}, {"6.1.140-1", "6.1.140", true}, {"6.1.140-1", "6.1.14", false}, {"6.1.140-1", "6.1", true}, {"6.12-1", "6.1", false},
	} {
		if got := versionMatches(test.have, test.want); got != test.ok {
			t.Errorf("versionMatches(%q, %q) = %v", test.have, test.want, got)
		}
	}
	if compare("6.1.9-1", "6.1.10-1") >= 0 || compare("7.3-1~bpo13+1", "7.3-1") >= 0 {
		t.Error("versions are not compared as dpkg does")
	}
}
