package source

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

	"kmatrix/vmimage/debian"
)

// padding makes a package larger than those that hold dependencies alone.
const padding = 32 << 10

// archive serves packages, each with one file, as a suite of Debian's with a real
// signature, and returns what a client is to know of it.
func archive(t *testing.T, packages map[string][2]string) debian.Mirrors {
	t.Helper()
	fatal := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	served := map[string][]byte{}
	var index strings.Builder
	for name, file := range packages {
		var data, deb bytes.Buffer
		w := tar.NewWriter(&data)
		fatal(w.WriteHeader(&tar.Header{Name: file[0], Mode: 0o644, Size: int64(len(file[1]))}))
		_, err := w.Write([]byte(file[1]))
		fatal(err)
		fatal(w.Close())
		data.Write(make([]byte, padding))
		a := ar.NewWriter(&deb)
		fatal(a.WriteGlobalHeader())
		for _, member := range []struct {
			name string
			body []byte
		}{{"debian-binary", []byte("2.0\n")}, {"data.tar", data.Bytes()}} {
			fatal(a.WriteHeader(&ar.Header{Name: member.name, Size: int64(len(member.body))}))
			_, err := a.Write(member.body)
			fatal(err)
		}
		path := "pool/" + name + ".deb"
		served["/debian/"+path] = deb.Bytes()
		fmt.Fprintf(&index, "Package: %s\nVersion: 6.12.9-1\nFilename: %s\nSize: %d\nSHA256: %x\n\n", name, path, deb.Len(), sha256.Sum256(deb.Bytes()))
	}
	var packed, signed bytes.Buffer
	x, err := xz.NewWriter(&packed)
	fatal(err)
	_, err = x.Write([]byte(index.String()))
	fatal(err)
	fatal(x.Close())
	served["/debian/dists/trixie/main/binary-amd64/Packages.xz"] = packed.Bytes()
	key, err := openpgp.NewEntity("test", "", "test@example.invalid", nil)
	fatal(err)
	c, err := clearsign.Encode(&signed, key.PrivateKey, nil)
	fatal(err)
	fmt.Fprintf(c, "Suite: trixie\nCodename: trixie\nValid-Until: %s\nSHA256:\n %x %d main/binary-amd64/Packages.xz\n", time.Now().Add(time.Hour).UTC().Format(time.RFC1123), sha256.Sum256(packed.Bytes()), packed.Len())
	fatal(c.Close())
	served["/debian/dists/trixie/InRelease"] = signed.Bytes()
	keyring := filepath.Join(t.TempDir(), "keys.gpg")
	f, err := os.Create(keyring)
	fatal(err)
	fatal(key.Serialize(f))
	fatal(f.Close())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := served[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
	}))
	t.Cleanup(server.Close)
	return debian.Mirrors{Archive: server.URL + "/debian", Security: server.URL + "/security", Keyring: keyring, Origin: "a test"}
}
