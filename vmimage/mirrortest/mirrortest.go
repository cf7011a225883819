// Package mirrortest serves a Debian mirror for tests.
package mirrortest

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/blakesmith/ar"
	"github.com/ulikunitz/xz"
)

// minKernel is the size, in bytes, below which no package holds a kernel.
const minKernel = 20 << 10

// Mirror is a small Debian mirror on loopback, with real signatures, indexes and packages.
type Mirror struct {
	t *testing.T
	// Files are what it serves, by the paths of URLs.
	Files map[string][]byte
	// Key signs its suites.
	Key    *openpgp.Entity
	Server *httptest.Server
	// Serve may answer a request itself, and then returns true; nil for none.
	Serve func(w http.ResponseWriter, r *http.Request) bool
}

// New starts a mirror without a suite, which ends with the test.
func New(t *testing.T) *Mirror {
	t.Helper()
	key, err := openpgp.NewEntity("test", "", "test@example.invalid", nil)
	if err != nil {
		t.Fatal(err)
	}
	m := &Mirror{t: t, Files: map[string][]byte{}, Key: key}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := m.Files[r.URL.Path]
		switch {
		case m.Serve != nil && m.Serve(w, r):
		case !ok:
			http.NotFound(w, r)
		default:
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		}
	}))
	t.Cleanup(m.Server.Close)
	return m
}

// Keyring writes the key to a file, and returns that.
func (m *Mirror) Keyring() string {
	m.t.Helper()
	file := filepath.Join(m.t.TempDir(), "keys.gpg")
	var b bytes.Buffer
	m.check(m.Key.Serialize(&b))
	m.check(os.WriteFile(file, b.Bytes(), 0o644))
	return file
}

// check ends the test where the mirror cannot be made.
func (m *Mirror) check(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// Package is a package of the mirror; with files it is large enough to hold a kernel.
type Package struct {
	Name, Version, Depends string
	// Files are texts by their names; "-> TARGET" makes a link.
	Files map[string]string
}

// Suite publishes packages as a suite of base, "/debian" or "/security", which is valid
// for an hour.
func (m *Mirror) Suite(base, name string, packages ...Package) {
	m.t.Helper()
	var index strings.Builder
	index.WriteString("Package: bash\nVersion: 5\nDepends: a,\n b\n\n")
	for _, p := range packages {
		deb := m.Deb(p.Files)
		file := fmt.Sprintf("pool/%s_%s_amd64.deb", p.Name, p.Version)
		m.Files[base+"/"+file] = deb
		fmt.Fprintf(&index, "Package: %s\nVersion: %s\nDepends: %s\nFilename: %s\nSize: %d\nSHA256: %x\n\n", p.Name, p.Version, p.Depends, file, len(deb), sha256.Sum256(deb))
	}
	m.Index(base, name, "main/binary-amd64/Packages.xz", index.String())
}

// Index publishes a suite whose one index, at path, is text.
func (m *Mirror) Index(base, name, path, text string) {
	m.t.Helper()
	var packed bytes.Buffer
	w, err := xz.NewWriter(&packed)
	m.check(err)
	_, err = w.Write([]byte(text))
	m.check(errors.Join(err, w.Close()))
	m.Files[base+"/dists/"+name+"/"+path] = packed.Bytes()
	m.Sign(base, name, fmt.Sprintf("Suite: %s\nCodename: %s\nValid-Until: %s\nSHA256:\n %x %d %s\n", name, name,
		time.Now().Add(time.Hour).UTC().Format(time.RFC1123), sha256.Sum256(packed.Bytes()), packed.Len(), path))
}

// Sign publishes a suite's InRelease with that text.
func (m *Mirror) Sign(base, name, release string) {
	m.t.Helper()
	var signed bytes.Buffer
	w, err := clearsign.Encode(&signed, m.Key.PrivateKey, nil)
	m.check(err)
	_, err = w.Write([]byte(release))
	m.check(errors.Join(err, w.Close()))
	m.Files[base+"/dists/"+name+"/InRelease"] = signed.Bytes()
}

// Deb returns a package with files, padded beyond the size of one without.
func (m *Mirror) Deb(files map[string]string) []byte {
	m.t.Helper()
	var data, out bytes.Buffer
	t := tar.NewWriter(&data)
	for name, text := range files {
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			m.check(t.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: target}))
			continue
		}
		m.check(t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}))
		_, err := t.Write([]byte(text))
		m.check(err)
	}
	m.check(t.Close())
	if len(files) > 0 {
		data.Write(make([]byte, minKernel))
	}
	w := ar.NewWriter(&out)
	m.check(w.WriteGlobalHeader())
	for _, member := range []struct {
		name string
		body []byte
	}{{"debian-binary", []byte("2.0\n")}, {"data.tar", data.Bytes()}} {
		m.check(w.WriteHeader(&ar.Header{Name: member.name, Size: int64(len(member.body))}))
		_, err := w.Write(member.body)
		m.check(err)
	}
	return out.Bytes()
}
