package debian

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"kmatrix/matrix/atomicfile"
	"kmatrix/vmimage/download"
	"kmatrix/vmimage/signed"
	"kmatrix/vmimage/unpack"
)

// maxInRelease is the largest InRelease that is read; Debian's have 200 KB.
const maxInRelease = 16 << 20

// SignatureError tells that a suite's index has no valid signature.
type SignatureError struct {
	URL, Keyring string
	Err          error
}

// Error names the index, the keyring and the cause.
func (e *SignatureError) Error() string {
	return fmt.Sprintf("%s has no valid signature of a key in %s: %v; the mirror or something on the way changed it, or the keyring (package debian-archive-keyring) is too old", e.URL, e.Keyring, e.Err)
}

// Unwrap returns the cause.
func (e *SignatureError) Unwrap() error { return e.Err }

// suiteCache holds what was read of suites.
type suiteCache struct {
	mu     sync.Mutex
	suites map[string]*suite
}

// suite is the kernel packages of one suite and architecture.
type suite struct {
	once     sync.Once
	packages []pkg
	err      error
}

// suiteOf reads a suite's packages, once.
func (c *Client) suiteOf(ctx context.Context, base, name, arch string) ([]pkg, error) {
	c.suites.mu.Lock()
	if c.suites.suites == nil {
		c.suites.suites = map[string]*suite{}
	}
	key := base + " " + name + " " + arch
	s := c.suites.suites[key]
	if s == nil {
		s = &suite{}
		c.suites.suites[key] = s
	}
	c.suites.mu.Unlock()
	s.once.Do(func() { s.packages, s.err = c.readSuite(ctx, base, name, arch) })
	return s.packages, s.err
}

func (c *Client) readSuite(ctx context.Context, base, name, arch string) ([]pkg, error) {
	release, err := c.release(ctx, base, name)
	if err != nil {
		return nil, fmt.Errorf("suite %s: %w", name, err)
	}
	index, parse := "main/binary-"+arch+"/Packages", parsePackages
	if arch == ArchSource {
		index, parse = "main/source/Sources", parseSources
	}
	for _, ext := range []string{".xz", ".gz"} {
		file := index + ext
		want, ok := release.files[file]
		if !ok {
			continue
		}
		packages, err := c.packages(ctx, base+"/dists/"+name+"/"+file, want, release.byHash, parse)
		if err != nil {
			return nil, fmt.Errorf("suite %s: %w", name, err)
		}
		for i := range packages {
			packages[i].base, packages[i].suite = base, name
		}
		return packages, nil
	}
	return nil, fmt.Errorf("suite %s: its index has no packages for the architecture %s", name, arch)
}

// release is what an InRelease file says.
type release struct {
	files  map[string]download.Want
	byHash bool
}

// release fetches a suite's InRelease, checks its signature, its name and its
// age, and returns what it lists. The file is kept, for use without a network.
func (c *Client) release(ctx context.Context, base, name string) (release, error) {
	url := base + "/dists/" + name + "/InRelease"
	kept := filepath.Join(c.Dir, "indexes", strings.ReplaceAll(name, "/", "_")+".InRelease")
	var text []byte
	var err error
	if c.Offline {
		if text, err = os.ReadFile(kept); errors.Is(err, fs.ErrNotExist) {
			err = ErrOffline
		}
	} else {
		text, err = c.downloads().Bytes(ctx, url, maxInRelease)
	}
	if err != nil {
		return release{}, err
	}
	says, err := c.verify(url, text)
	if err != nil {
		return release{}, err
	}
	r, err := c.parseRelease(url, name, says)
	if err != nil || c.Offline {
		return r, err
	}
	return r, c.keep(kept, text)
}

// keep has an index there for use without a network.
func (c *Client) keep(path string, text []byte) error {
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = atomicfile.Write(path, text)
	}
	if err != nil {
		return fmt.Errorf("keep an index: %w", err)
	}
	return nil
}

// verify checks the clear signature and returns what is signed.
func (c *Client) verify(url string, text []byte) ([]byte, error) {
	says, _, err := signed.Text(c.Mirrors.Keyring, text)
	var (
		none    *signed.KeyringError
		refused *signed.Error
	)
	switch {
	case errors.As(err, &none):
		return nil, fmt.Errorf("read Debian's keys: %w: make setup installs them (package debian-archive-keyring)", err)
	case errors.As(err, &refused):
		return nil, &SignatureError{URL: url, Keyring: c.Mirrors.Keyring, Err: refused.Err}
	}
	return says, err
}

// parseRelease reads the signed text. An index of another suite is refused:
// its signature is as good, its kernels are not those asked for.
func (c *Client) parseRelease(url, name string, text []byte) (release, error) {
	r := release{files: map[string]download.Want{}}
	err := eachStanza(bytes.NewReader(text), func(s stanza) error {
		if s["suite"] != name && s["codename"] != name {
			return fmt.Errorf("it is the index of %s (%s)", s["codename"], s["suite"])
		}
		if until := s["valid-until"]; until != "" {
			// RFC 1123 as Debian writes it: always in UTC.
			end, err := time.Parse("Mon, 02 Jan 2006 15:04:05 MST", until)
			if err != nil {
				return fmt.Errorf("its Valid-Until is no date: %w", err)
			}
			if c.now().After(end) {
				c.log("the index of %s was valid until %s: newer kernels may be missing from it", name, until)
			}
		}
		r.byHash = s["acquire-by-hash"] == "yes"
		for line := range strings.Lines(s["sha256"]) {
			f := strings.Fields(line)
			if len(f) != 3 {
				continue
			}
			size, err := strconv.ParseInt(f[1], 10, 64)
			if _, e := hex.DecodeString(f[0]); err != nil || e != nil || len(f[0]) != 64 {
				return fmt.Errorf("its line %.80q is no digest", line)
			}
			r.files[f[2]] = download.Want{SHA256: f[0], Size: size}
		}
		return nil
	})
	if err != nil {
		return r, fmt.Errorf("read %s: %w", url, err)
	}
	return r, nil
}

// packages fetches an index, by its digest where the mirror offers that, and
// reads the kernel's packages from it.
func (c *Client) packages(ctx context.Context, url string, want download.Want, byHash bool, parse func(io.Reader) ([]pkg, error)) ([]pkg, error) {
	ext := path.Ext(url)
	file := filepath.Join(c.Dir, "indexes", want.SHA256+ext)
	ok, err := download.Matches(file, want.SHA256)
	if err != nil {
		return nil, err
	}
	if !ok {
		if c.Offline {
			return nil, ErrOffline
		}
		if byHash {
			url = url[:strings.LastIndexByte(url, '/')] + "/by-hash/SHA256/" + want.SHA256
		}
		if err := c.downloads().File(ctx, url, file, want, nil); err != nil {
			return nil, err
		}
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read an index: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	r, err := unpack.Reader(ctx, unpack.ByName(path.Ext(file)), f)
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", url, err)
	}
	packages, err := parse(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", url, err)
	}
	return packages, nil
}
