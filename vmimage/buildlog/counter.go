package buildlog

import "bytes"

// Counter counts the objects that a build's output, which is written to it,
// tells of. Report hears each new count; it may be nil.
type Counter struct {
	Report func(objects int)
	n      int
	rest   []byte
}

// Write takes a part of the output, which need not end with a line. It never
// fails.
func (c *Counter) Write(p []byte) (int, error) {
	c.rest = append(c.rest, p...)
	for {
		line, rest, ok := bytes.Cut(c.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		c.rest = rest
		if f := bytes.Fields(line); len(f) == 2 && made(string(f[0])) && c.Report != nil {
			c.n++
			c.Report(c.n)
		}
	}
}

// made reports whether kbuild's word says that something was compiled.
func made(word string) bool { return word == "CC" || word == "AS" || word == "HOSTCC" }
