package debian

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// stanza is one paragraph of a control file (deb822(5)): its fields by
// lower-cased name. The lines of a folded field are joined by line ends.
type stanza map[string]string

// maxLine is the longest line of a control file; Debian's longest, a list of
// dependencies, is a twentieth of it.
const maxLine = 1 << 20

// eachStanza calls do for each stanza.
func eachStanza(r io.Reader, do func(stanza) error) error {
	scan := bufio.NewScanner(r)
	scan.Buffer(make([]byte, 0, 64<<10), maxLine)
	one, last := stanza{}, ""
	flush := func() error {
		if len(one) == 0 {
			return nil
		}
		s := one
		one, last = stanza{}, ""
		return do(s)
	}
	for scan.Scan() {
		line := scan.Text()
		switch {
		case strings.TrimSpace(line) == "":
			if err := flush(); err != nil {
				return err
			}
		case line[0] == ' ' || line[0] == '\t':
			if last != "" {
				one[last] += "\n" + strings.TrimSpace(line)
			}
		default:
			name, value, ok := strings.Cut(line, ":")
			if !ok {
				return fmt.Errorf("the line %.60q is no field", line)
			}
			last = strings.ToLower(name)
			one[last] = strings.TrimSpace(value)
		}
	}
	if err := scan.Err(); err != nil {
		return err
	}
	return flush()
}
