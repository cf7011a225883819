package main

import (
	"fmt"
	"io"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/report"
)

// kindWords say what a program is, and judgeWords what tells how it did.
var (
	kindWords = map[matrix.ProgramKind]string{
		matrix.ProgramC:    "compiled on the host, statically",
		matrix.ProgramExec: "a static executable, or a script for u-root's shell",
		matrix.ProgramTree: "self-tests of the kernel's own source, for kernels that are built from source",
	}
	judgeWords = map[matrix.ResultFormat]string{
		matrix.FormatExit: `Exit code 0 is "ok", any other fails; of self-tests 4 is skipped.`,
		matrix.FormatKTAP: "KTAP on its standard output: each test that failed is named; a plan that is not kept and \"Bail out!\" fail, too. What kselftest's runner printed behind \"# \" counts under its test; numbers out of order or there twice, and suites without tests, are told and fail nothing.",
		matrix.FormatLTP:  "The bits of its exit code, as the Linux Test Project has them: 1 failed, 2 broken, 4 warned; 32 alone is unsupported. Why is the TFAIL, TBROK, TWARN or TCONF line that it printed, on standard output or error.",
	}
)

// explainProgram says what an external probe runs.
func explainProgram(w io.Writer, p matrix.Probe) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", p.Name)
	b.WriteString(report.Wrap(p.Summary, "", explainWidth))
	b.WriteString("\nWhat it does:\n")
	command := strings.Join(append([]string{p.Program.Path}, p.Program.Args...), " ")
	room := "on tmpfs"
	if mib := p.Program.ScratchMiB; mib > 0 {
		room = fmt.Sprintf("with room for %d MiB, on tmpfs or, where that is more than a quarter of the guest's memory, on a disk with ext4", mib)
	}
	b.WriteString(report.Wrap(fmt.Sprintf("1. Runs %s (%s), in an empty directory %s, or in that of the self-tests. Its pipes are read when they are full, and when it has ended.", command, kindWords[p.Program.Kind], room), "   ", explainWidth))
	limit := "the time that every probe has"
	if p.Program.Deadline > 0 {
		limit = p.Program.Deadline.String()
	}
	b.WriteString(report.Wrap("2. Ends what is left of it, and all of it after "+limit+".", "   ", explainWidth))
	b.WriteString("\nWhat an answer means:\n")
	b.WriteString(report.Wrap(judgeWords[p.Program.ResultFormat], "", explainWidth))
	b.WriteString("\nWhat it printed is shown by kmatrix explain.\n")
	_, err := io.WriteString(w, b.String())
	return err
}
