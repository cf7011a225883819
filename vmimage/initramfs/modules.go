package initramfs

import (
	"fmt"
	"io"
	"strings"

	"github.com/u-root/u-root/pkg/cpio"

	"kmatrix/vmimage/modules"
)

// ModuleList is the file that names the modules to the agent, in load order: in
// each line what needs a module, and its path.
const ModuleList = "etc/kmatrix/modules"

// Need is what takes modules, and which, in load order. Needs may share some.
type Need struct {
	Name    string
	Modules []modules.Module
}

// WriteModules writes an archive with the modules, each once, and their list.
func WriteModules(w io.Writer, needs []Need) error {
	records := []cpio.Record{cpio.Directory("lib/modules", 0o755), cpio.Directory("etc/kmatrix", 0o755)}
	var names strings.Builder
	written := map[string]bool{}
	for _, n := range needs {
		for _, m := range n.Modules {
			file := "lib/modules/" + m.Name + ".ko"
			if !written[file] {
				records = append(records, cpio.StaticFile(file, string(m.Data), 0o644))
			}
			written[file] = true
			fmt.Fprintf(&names, "%s /%s\n", n.Name, file)
		}
	}
	records = append(records, cpio.StaticFile(ModuleList, names.String(), 0o644))
	out := cpio.Newc.Writer(w)
	if err := cpio.WriteRecords(out, records); err != nil {
		return fmt.Errorf("write the modules: %w", err)
	}
	if err := cpio.WriteTrailer(out); err != nil {
		return fmt.Errorf("write the modules: %w", err)
	}
	return nil
}
