package initramfs

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/u-root/u-root/pkg/cpio"

	"kmatrix/matrix"
	"kmatrix/vmimage/external"
)

// ExternalList is the file that tells the agent of the external probes'
// programs, a JSON list of [matrix.Installed].
const ExternalList = "etc/kmatrix/external.json"

// WriteExternal writes an archive with the programs of external probes and
// their list.
func WriteExternal(w io.Writer, list []external.Ready) error {
	records := []cpio.Record{cpio.Directory("etc/kmatrix", 0o755)}
	var (
		installed []matrix.Installed
		dirs      []string
	)
	for _, one := range list {
		installed = append(installed, one.Installed)
		for _, f := range one.Files {
			name := strings.TrimPrefix(f.Name, "/")
			for _, dir := range parents(name) {
				if !slices.Contains(dirs, dir) {
					dirs, records = append(dirs, dir), append(records, cpio.Directory(dir, 0o755))
				}
			}
			content, err := os.ReadFile(f.Path)
			if err != nil {
				return fmt.Errorf("write the external programs: %w", err)
			}
			records = append(records, cpio.StaticFile(name, string(content), 0o755))
		}
	}
	text, err := json.Marshal(installed)
	if err != nil {
		return fmt.Errorf("write the external programs: %w", err)
	}
	records = append(records, cpio.StaticFile(ExternalList, string(text), 0o644))
	out := cpio.Newc.Writer(w)
	if err := cpio.WriteRecords(out, records); err != nil {
		return fmt.Errorf("write the external programs: %w", err)
	}
	if err := cpio.WriteTrailer(out); err != nil {
		return fmt.Errorf("write the external programs: %w", err)
	}
	return nil
}

// parents lists the directories that a file lies in, the outermost first.
func parents(name string) (dirs []string) {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		dirs = append(dirs, dir)
	}
	slices.Reverse(dirs)
	return dirs
}
