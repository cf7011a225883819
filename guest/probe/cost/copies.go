package cost

import (
	"fmt"
	"strings"
)

// Copies that several paths make of each byte.
const (
	pagesToBuffer  = "from the page cache to the buffer (copy_to_user)"
	bufferToPipe   = "from the buffer into the pipe's own pages (copy_from_user)"
	bufferToSocket = "from the buffer into the socket's own pages (copy_from_user)"
	mappingToPipe  = "from the mapping into the pipe's own pages (copy_from_user)"
)

// copied returns the step that says how often a path copies each byte, and where to. What a
// copy costs by a count of instructions rests on the instruction that makes it: a string
// instruction counts once for each element, a loop once for each instruction. A profile
// tells the copies' share apart (cost.Copying).
func copied(copies []string) string {
	what := "copies no byte"
	switch len(copies) {
	case 0:
	case 1:
		what = "copies each byte once: " + copies[0]
	default:
		what = fmt.Sprintf("copies each byte %d times: %s", len(copies), strings.Join(copies, "; "))
	}
	return what + ". What a kernel with /proc/fs/splice copies beside that is in pages_copied, 4096 bytes each"
}
