package initramfs

import (
	"fmt"
	"io"
	"strings"

	"github.com/u-root/u-root/pkg/cpio"

	"kmatrix/vmimage/modules"
)

// ModuleList is the file that names the modules to the agent, a path a line,
// in load order.
const ModuleList = "etc/kmatrix/modules"

// WriteModules writes an archive with the modules and their list.
func WriteModules(w io.Writer, list []modules.Module) error {
	records := []cpio.Record{cpio.Directory("lib/modules", 0o755), cpio.Directory("etc/kmatrix", 0o755)}
	var names strings.Builder
	for _, m := range list {
		file := "lib/modules/" + m.Name + ".ko"
		records = append(records, cpio.StaticFile(file, string(m.Data), 0o644))
		fmt.Fprintf(&names, "/%s\n", file)
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
