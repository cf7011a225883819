package source

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"kmatrix/vmimage/download"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/signed"
)

// sumsName is the name of the signed list of digests that kernel.org has in each
// directory of tarballs, and maxSums more than such a list has; that of v5.x has
// 800 KB.
const (
	sumsName = "sha256sums.asc"
	maxSums  = 16 << 20
)

// listAt is where the list for the tarball is.
func (t *tarball) listAt() string {
	if t.local {
		return filepath.Join(filepath.Dir(t.where), sumsName)
	}
	u, err := url.Parse(t.where)
	if err != nil {
		return sumsName // it was parsed before
	}
	return u.ResolveReference(&url.URL{Path: sumsName}).String()
}

// listed returns the digest that the signed list beside the tarball has for it, and
// the fingerprint of the key that has signed the list.
func (t *tarball) listed(ctx context.Context) (sum, signer string, err error) {
	keyring := t.env.Path(t.keyring)
	if err := signed.CheckKeyring(keyring); err != nil {
		return "", "", fault.Unavailable("keyring: %w; kernel.org's KEY is autosigner@kernel.org", err)
	}
	at := t.listAt()
	text, err := t.readList(ctx, at)
	if err != nil {
		return "", "", err
	}
	says, signer, err := signed.Text(keyring, text)
	if err != nil {
		return "", "", fault.Unavailable("%s is not to be trusted: %w%s", at, err, notAList(text))
	}
	if sum, err = digestIn(string(says), path.Base(t.where)); err != nil {
		return "", "", fault.Unavailable("%s: %w", at, err)
	}
	return sum, signer, nil
}

// notAList says what came in a list's place, "" where a signed text did.
func notAList(text []byte) string {
	if bytes.Contains(text, []byte("BEGIN PGP SIGNED MESSAGE")) {
		return ""
	}
	return "; what came is " + cmp.Or(download.SeenIn(text), "no text")
}

// readList reads the list, or fetches it.
func (t *tarball) readList(ctx context.Context, at string) ([]byte, error) {
	if t.local {
		text, err := os.ReadFile(at)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fault.Unavailable("keyring: needs the signed list of digests beside the tarball, and there is no %s", at)
		}
		return text, err
	}
	if err := t.reach(ctx, at); err != nil {
		return nil, fmt.Errorf("keyring: needs the signed list of digests beside the tarball: %w", err)
	}
	text, err := t.env.Downloads().Bytes(ctx, t.env.URL(at), maxSums)
	return text, fault.OfServer(err)
}

// sumLine is a line of a list, as sha256sum writes it.
var sumLine = regexp.MustCompile(`^([0-9a-fA-F]{64}) [ *](.+)$`)

// digestIn finds a file's digest in a list.
func digestIn(list, name string) (string, error) {
	stem, _, _ := strings.Cut(name, ".tar")
	var sum string
	var near []string
	for line := range strings.Lines(list) {
		m := sumLine.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		switch {
		case m == nil:
		case m[2] == name && sum != "" && sum != strings.ToLower(m[1]):
			return "", fmt.Errorf("it has two digests for %s", name)
		case m[2] == name:
			sum = strings.ToLower(m[1])
		case strings.HasPrefix(m[2], stem+"."):
			near = append(near, m[2])
		}
	}
	if sum != "" {
		return sum, nil
	}
	text := "it has no digest for " + name
	if len(near) > 0 {
		text += "; it has one for " + strings.Join(near[:min(len(near), 3)], ", ")
	}
	return "", errors.New(text)
}
