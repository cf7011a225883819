package debian

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestUpstreamsTarball(t *testing.T) {
	a := newArchive(t)
	body := bytes.Repeat([]byte("tar"), minKernelPackage)
	a.Files["/debian/pool/main/l/linux/linux_6.12.9.orig.tar.xz"] = body
	stanza := func(name, version, files string) string {
		return fmt.Sprintf("Package: %s\nVersion: %s\nDirectory: pool/main/l/linux\nChecksums-Sha256:\n%s\n", name, version, files)
	}
	good := fmt.Sprintf(" %x %d linux_6.12.9.orig.tar.xz\n", sha256.Sum256(body), len(body))
	other := " " + strings.Repeat("0", 64) + " 833 linux_6.12.9.orig.tar.xz.asc\n " + strings.Repeat("1", 64) + " 9 linux_6.12.9-1.debian.tar.xz\n"
	a.Index("/debian", "trixie", "main/source/Sources.xz", stanza("linux", "6.12.9-1", other+good)+stanza("linux", "6.12.8-1", strings.ReplaceAll(good, "6.12.9", "6.12.8"))+
		stanza("linux-signed-amd64", "6.12.9+1", other)+stanza("bash", "5", " damaged\n"))
	c := a.client()
	request := Request{Package: "linux", Suite: "trixie", Arch: ArchSource}
	got, err := c.Resolve(t.Context(), request)
	if err != nil || got.Version != "6.12.9-1" || len(got.Files) != 1 {
		t.Fatalf("resolved %+v, %v", got, err)
	}
	path, err := c.Fetch(t.Context(), got.Files[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || !bytes.Equal(text, body) {
		t.Errorf("fetched %d bytes (%v)", len(text), err)
	}
	request.Version = "6.12.8"
	if got, err := c.Resolve(t.Context(), request); err != nil || got.Version != "6.12.8-1" {
		t.Errorf("resolved %+v, %v", got, err)
	}
	var none *NotFoundError
	for _, request := range []Request{{Package: "linux-signed-amd64", Suite: "trixie", Arch: ArchSource}, {Package: "linux", Suite: "trixie", Version: "7", Arch: ArchSource}} {
		if _, err := c.Resolve(t.Context(), request); !errors.As(err, &none) {
			t.Errorf("%+v gave %v", request, err)
		}
	}
	a.Index("/debian", "sid", "main/source/Sources.xz", stanza("linux", "7", " short 12 linux_7.orig.tar.xz\n"))
	if _, err := a.client().Resolve(t.Context(), Request{Package: "linux", Suite: "sid", Arch: ArchSource}); err == nil || !strings.Contains(err.Error(), "no file with a digest") {
		t.Errorf("a damaged index gave %v", err)
	}
}
