package debian

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ArchSource asks for a source package: of its files, upstream's tarball.
const ArchSource = "source"

// parseSources reads the source packages whose name begins with "linux" and
// that have a tarball of upstream's (.orig.tar.xz); Debian's own have none.
func parseSources(r io.Reader) ([]pkg, error) {
	var all []pkg
	err := eachStanza(r, func(s stanza) error {
		if !strings.HasPrefix(s["package"], "linux") {
			return nil
		}
		for line := range strings.Lines(s["checksums-sha256"]) {
			f := strings.Fields(line)
			if len(f) != 3 || !strings.HasSuffix(f[2], ".orig.tar.xz") {
				continue
			}
			size, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil || len(f[0]) != 64 || s["directory"] == "" || strings.Contains(f[2], "/") {
				return fmt.Errorf("the line %.80q of %s is no file with a digest and a size", line, s["package"])
			}
			all = append(all, pkg{name: s["package"], version: s["version"], filename: s["directory"] + "/" + f[2], sha256: f[0], size: size})
		}
		return nil
	})
	return all, err
}
