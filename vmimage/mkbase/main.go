// Command mkbase builds the part of the initramfs that every kernel shares. It
// is run by make build.
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
	agent := f.String("agent", "", "the agent's `executable`")
	out := f.String("o", "", "the archive to write")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *agent == "" || *out == "" {
		return fmt.Errorf("usage: mkbase -agent EXECUTABLE -o ARCHIVE COMMAND…")
	}
	tmp := *out + ".new"
	if err := initramfs.BuildBase(initramfs.Base{Agent: *agent, Commands: f.Args()}, tmp); err != nil {
		return err
	}
	return os.Rename(tmp, *out)
}
