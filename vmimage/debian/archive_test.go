package debian

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
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

// archive is a small Debian mirror on loopback, with real signatures, indexes
// and packages.
type archive struct {
	t      *testing.T
	files  map[string][]byte
	key    *openpgp.Entity
	server *httptest.Server
	asked  map[string]int
	// hook may answer a request itself.
	hook func(w http.ResponseWriter, path string) bool
	// serve may, too, with all of the request.
	serve func(w http.ResponseWriter, r *http.Request) bool
}

func newArchive(t *testing.T) *archive {
	t.Helper()
	key, err := openpgp.NewEntity("test", "", "test@example.invalid", nil)
	if err != nil {
		t.Fatal(err)
	}
	a := &archive{t: t, files: map[string][]byte{}, key: key, asked: map[string]int{}}
	a.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.asked[r.URL.Path]++
		body, ok := a.files[r.URL.Path]
		switch {
		case a.hook != nil && a.hook(w, r.URL.Path):
		case a.serve != nil && a.serve(w, r):
		case !ok:
			http.NotFound(w, r)
		default:
			w.Write(body)
		}
	}))
	t.Cleanup(a.server.Close)
	return a
}

// client returns a client of the archive, with an empty cache.
func (a *archive) client() *Client {
	a.t.Helper()
	keyring := filepath.Join(a.t.TempDir(), "keys.gpg")
	f, err := os.Create(keyring)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := a.key.Serialize(f); err != nil {
		a.t.Fatal(err)
	}
	f.Close()
	return &Client{
		HTTP: a.server.Client(), Dir: a.t.TempDir(), Log: func(s string) { a.t.Log(s) },
		Mirrors: Mirrors{Archive: a.server.URL + "/debian", Security: a.server.URL + "/security", Keyring: keyring, Origin: "a test"},
	}
}

// testPackage is a package of the archive; with files it is large enough to
// hold a kernel.
type testPackage struct {
	name, version, depends string
	files                  map[string]string
}

// suite publishes packages as a suite of /debian or /security.
func (a *archive) suite(base, name string, packages ...testPackage) {
	a.t.Helper()
	var index strings.Builder
	index.WriteString("Package: bash\nVersion: 5\nDepends: a,\n b\n\n")
	for _, p := range packages {
		deb := a.deb(p.files)
		file := fmt.Sprintf("pool/%s_%s_amd64.deb", p.name, p.version)
		a.files[base+"/"+file] = deb
		fmt.Fprintf(&index, "Package: %s\nVersion: %s\nDepends: %s\nFilename: %s\nSize: %d\nSHA256: %x\n\n", p.name, p.version, p.depends, file, len(deb), sha256.Sum256(deb))
	}
	var packed bytes.Buffer
	w, err := xz.NewWriter(&packed)
	if err != nil {
		a.t.Fatal(err)
	}
	w.Write([]byte(index.String()))
	w.Close()
	a.files[base+"/dists/"+name+"/main/binary-amd64/Packages.xz"] = packed.Bytes()
	a.sign(base, name, fmt.Sprintf("Suite: %s\nCodename: %s\nValid-Until: %s\nSHA256:\n %x %d main/binary-amd64/Packages.xz\n", name, name,
		time.Now().Add(time.Hour).UTC().Format(time.RFC1123), sha256.Sum256(packed.Bytes()), packed.Len()))
}

func (a *archive) sign(base, name, release string) {
	a.t.Helper()
	var signed bytes.Buffer
	w, err := clearsign.Encode(&signed, a.key.PrivateKey, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	w.Write([]byte(release))
	w.Close()
	a.files[base+"/dists/"+name+"/InRelease"] = signed.Bytes()
}

// deb makes a package with files, padded beyond the size of one without.
func (a *archive) deb(files map[string]string) []byte {
	a.t.Helper()
	var data, out bytes.Buffer
	t := tar.NewWriter(&data)
	for name, text := range files {
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			t.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: target})
			continue
		}
		t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))})
		t.Write([]byte(text))
	}
	t.Close()
	if len(files) > 0 {
		data.Write(make([]byte, minKernelPackage))
	}
	w := ar.NewWriter(&out)
	w.WriteGlobalHeader()
	for name, body := range map[string][]byte{"debian-binary": []byte("2.0\n")} {
		w.WriteHeader(&ar.Header{Name: name, Size: int64(len(body))})
		w.Write(body)
	}
	w.WriteHeader(&ar.Header{Name: "data.tar", Size: int64(data.Len())})
	w.Write(data.Bytes())
	return out.Bytes()
}

// kernel is a package with an image.
func kernel(name, version string) testPackage {
	return testPackage{name: name, version: version, files: map[string]string{"./boot/vmlinuz-" + version: "kernel " + version, "./usr/share/doc/x": "no"}}
}

func meta(version, depends string) testPackage {
	return testPackage{name: "linux-image-amd64", version: version, depends: depends}
}
