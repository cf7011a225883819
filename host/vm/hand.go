package vm

import "regexp"

// byHand are what of a command line of [Args] is nobody's without kmatrix, and what
// takes its place.
var byHand = []struct {
	re *regexp.Regexp
	by string
}{
	{regexp.MustCompile(` -chardev socket,id=qmp,\S+ -mon \S+`), ""},
	{regexp.MustCompile(` -incoming \S+`), ""},
	{regexp.MustCompile(`-chardev socket,id=console,\S+`), "-chardev stdio,id=console"},
	{regexp.MustCompile(`-chardev socket,id=([a-z]+),\S+`), "-chardev null,id=$1"},
}

// ByHand makes of a guest's command line, as [Exit.Command] has it, one that boots
// the same guest from a shell: its console is the terminal, and nobody is on its
// other lines, so that its agent waits when it is ready. Ctrl-C ends it. A guest that
// was restored is booted.
func ByHand(command string) string {
	for _, b := range byHand {
		command = b.re.ReplaceAllString(command, b.by)
	}
	return command
}
