// Command mkbase builds the part of the initramfs that every kernel shares, in two
// steps: the commands, and these with the agent. It is run by make build.
package main

import (
	"flag"
	"fmt"
	"os"

	"kmatrix/vmimage/initramfs"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "mkbase: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	f := flag.NewFlagSet("mkbase", flag.ContinueOnError)
	agent := f.String("agent", "", "the agent's `executable`, which is added to the archive that is named")
	arch := f.String("arch", "amd64", "the guest's `GOARCH`, which commands are built for")
	out := f.String("o", "", "the archive to write")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *out == "" || f.NArg() == 0 || *agent != "" && f.NArg() != 1 {
		return fmt.Errorf("usage: mkbase -o ARCHIVE COMMAND…, then mkbase -o ARCHIVE -agent EXECUTABLE ARCHIVE")
	}
	tmp := *out + ".new"
	var err error
	if *agent == "" {
		err = initramfs.BuildCommands(*arch, f.Args(), tmp)
	} else {
		err = initramfs.AddAgent(f.Arg(0), *agent, tmp)
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp, *out)
}
