package debian

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// Mirrors says where suites are served.
type Mirrors struct {
	// Archive and Security are the base URLs, without a slash at the end, of
	// the archive and of its security updates; Security may be "".
	Archive, Security string
	// Keyring is the path of the OpenPGP keys that sign suites.
	Keyring string
	// Origin says where this was read, for errors.
	Origin string
}

// DefaultKeyring is where Debian's package debian-archive-keyring puts its
// keys.
const DefaultKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// ErrNoApt tells that the machine's apt configuration names no mirror of
// Debian.
var ErrNoApt = errors.New("apt's configuration names no mirror of Debian: name one in kernels.yaml as debian: {mirror: URL, security: URL}")

// entry is one repository of apt's configuration.
type entry struct {
	uris, suites, components []string
	signedBy                 string
	file                     string
}

// FromApt reads the apt configuration below root, "/" for the machine's own.
// The archive is the entry that serves the suite of the machine's release, so
// that repositories of others are not taken for Debian's. The error is
// [ErrNoApt] when there is none.
func FromApt(root string) (Mirrors, error) {
	codename, err := codename(filepath.Join(root, "etc/os-release"))
	if err != nil {
		return Mirrors{}, err
	}
	entries, err := readSources(filepath.Join(root, "etc/apt"))
	if err != nil {
		return Mirrors{}, err
	}
	// The suites in the order in which they count. Others call a suite stable,
	// too; only Debian has codenames.
	find := func(suites ...string) *entry {
		for n, s := range suites {
			for i, e := range entries {
				if slices.Contains(e.components, "main") && slices.Contains(e.suites, s) && (n == 0 || strings.Contains(e.uris[0], "debian")) {
					return &entries[i]
				}
			}
		}
		return nil
	}
	archive := find(codename, "stable", "testing", "unstable", "sid")
	if codename == "" || archive == nil {
		return Mirrors{}, ErrNoApt
	}
	m := Mirrors{Archive: archive.uris[0], Keyring: DefaultKeyring, Origin: archive.file}
	if strings.HasPrefix(archive.signedBy, "/") {
		m.Keyring = archive.signedBy
	}
	if security := find(codename+"-security", codename+"/updates", "stable-security"); security != nil {
		m.Security = security.uris[0]
	}
	return m, nil
}

// codename reads VERSION_CODENAME; "" when the file or the line is missing.
func codename(file string) (string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read which release this machine has: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "VERSION_CODENAME="); ok {
			return strings.Trim(name, `"'`), nil
		}
	}
	return "", nil
}

// readSources reads sources.list and what lies in sources.list.d, in apt's
// order (sources.list(5)).
func readSources(dir string) ([]entry, error) {
	files := []string{filepath.Join(dir, "sources.list")}
	more, err := filepath.Glob(filepath.Join(dir, "sources.list.d", "*"))
	if err != nil {
		return nil, fmt.Errorf("list apt's sources: %w", err)
	}
	sort.Strings(more)
	var entries []entry
	for _, file := range append(files, more...) {
		parse := map[string]func([]byte) []entry{".list": parseOneLine, ".sources": parseDeb822}[filepath.Ext(file)]
		if parse == nil {
			continue
		}
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read apt's sources: %w", err)
		}
		for _, e := range parse(text) {
			e.uris = slices.DeleteFunc(e.uris, func(u string) bool { return !fetchable(u) })
			if len(e.uris) == 0 {
				continue
			}
			for i := range e.uris {
				e.uris[i] = strings.TrimRight(e.uris[i], "/")
			}
			e.file = file
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// fetchable reports whether the URI is one that this package can fetch.
func fetchable(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// parseOneLine reads lines like
//
//	deb [signed-by=/usr/share/keyrings/x.gpg] http://host/debian bookworm main
func parseOneLine(text []byte) []entry {
	var entries []entry
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		line, _, _ := strings.Cut(s.Text(), "#")
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "deb")
		if !ok || rest == "" || !strings.ContainsAny(rest[:1], " \t") {
			continue
		}
		var e entry
		rest = strings.TrimSpace(rest)
		if options, after, ok := strings.Cut(strings.TrimPrefix(rest, "["), "]"); ok && strings.HasPrefix(rest, "[") {
			for _, o := range strings.Fields(options) {
				if v, ok := strings.CutPrefix(o, "signed-by="); ok {
					e.signedBy = v
				}
			}
			rest = after
		}
		if f := strings.Fields(rest); len(f) >= 3 {
			e.uris, e.suites, e.components = f[:1], f[1:2], f[2:]
			entries = append(entries, e)
		}
	}
	return entries
}

// parseDeb822 reads stanzas of Types, URIs, Suites, Components, Signed-By and
// Enabled. A Signed-By that is the key itself is left to the default keyring.
func parseDeb822(text []byte) []entry {
	var entries []entry
	// A comment may stand between the lines of a stanza.
	var lines []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	// A scanner over memory with well-sized lines has no error.
	_ = eachStanza(strings.NewReader(strings.Join(lines, "")), func(s stanza) error {
		e := entry{
			uris: strings.Fields(s["uris"]), suites: strings.Fields(s["suites"]),
			components: strings.Fields(s["components"]), signedBy: strings.TrimSpace(s["signed-by"]),
		}
		if slices.Contains(strings.Fields(s["types"]), "deb") && !strings.EqualFold(s["enabled"], "no") && len(e.uris) > 0 {
			entries = append(entries, e)
		}
		return nil
	})
	return entries
}
