// Package initramfs makes what a guest boots into, in two parts: a base that
// holds the agent and u-root's commands and is the same for every kernel
// ([BuildCommands] and [AddAgent], at make build), and the kernel's modules
// ([WriteModules]). The kernel takes archives one after the other, so that the two
// are just concatenated ([Join]). Neither holds a secret.
package initramfs

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/u-root/gobusybox/src/pkg/golang"
	ucpio "github.com/u-root/mkuimage/cpio"
	"github.com/u-root/mkuimage/uimage"
	"github.com/u-root/mkuimage/uimage/initramfs"
	"github.com/u-root/uio/llog"
)

// BuildCommands writes an archive of u-root's commands, given by their import paths,
// as one busybox for the guest's architecture, a GOARCH. It needs Go and the
// commands' sources. mkuimage compiles each package anew, which takes a minute: so
// the agent, which changes oftener, is added later.
func BuildCommands(arch string, commands []string, out string) error {
	root, err := root()
	if err != nil {
		return fmt.Errorf("build the guest's commands: %w", err)
	}
	err = create(out,
		uimage.WithEnv(golang.WithGOOS("linux"), golang.WithGOARCH(arch), golang.DisableCGO()),
		uimage.WithBusyboxCommands(commands...),
		uimage.WithBusyboxBuildOpts(&golang.BuildOpts{ExtraArgs: []string{"-trimpath"}}),
		uimage.WithBaseArchive(root),
		uimage.WithShell("gosh"),
	)
	if err != nil {
		return fmt.Errorf("build the guest's commands: %w", err)
	}
	return nil
}

// AddAgent writes the archive of commands that [BuildCommands] made, with the agent, a
// static executable, as its /init.
func AddAgent(commands, agent, out string) error {
	agent, err := filepath.Abs(agent)
	if err == nil {
		err = create(out,
			uimage.WithBaseFile(commands),
			uimage.WithFiles(agent+":bin/agent"),
			uimage.WithInit("/bin/agent"),
		)
	}
	if err != nil {
		return fmt.Errorf("build the initramfs: %w", err)
	}
	return nil
}

// create has mkuimage write an archive.
func create(out string, how ...uimage.Modifier) error {
	tmp, err := os.MkdirTemp("", "kmatrix-uimage-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) //nolint:errcheck // what stays is a temporary directory
	// What mkuimage logs below an error, such as a warning about Go's version,
	// is no news to who builds.
	quiet := &llog.Logger{Level: slog.LevelError, Sink: llog.SinkFor(llog.WritePrintf(os.Stderr))}
	return uimage.Create(quiet, append(how,
		uimage.WithSkipLDD(),
		uimage.WithTempDir(tmp),
		uimage.WithOutput(&initramfs.CPIOFile{Path: out}),
	)...)
}

// root is the skeleton: directories, and the devices that a process needs
// before devtmpfs is mounted.
func root() (*ucpio.Archive, error) {
	return ucpio.ArchiveFromRecords([]ucpio.Record{
		ucpio.Directory("bin", 0o755), ucpio.Directory("bbin", 0o755), ucpio.Directory("dev", 0o755), ucpio.Directory("etc", 0o755),
		ucpio.Directory("lib", 0o755), ucpio.Directory("mnt", 0o755), ucpio.Directory("proc", 0o555), ucpio.Directory("sys", 0o555),
		ucpio.Directory("tmp", 0o1777),
		ucpio.CharDev("dev/console", 0o600, 5, 1), ucpio.CharDev("dev/null", 0o666, 1, 3),
	})
}

// Join writes the parts one after the other, each padded to the four bytes
// that the kernel aligns archives to.
func Join(w io.Writer, parts ...io.Reader) error {
	for _, p := range parts {
		n, err := io.Copy(w, p)
		if err != nil {
			return fmt.Errorf("write the initramfs: %w", err)
		}
		if _, err := w.Write(make([]byte, (4-n%4)%4)); err != nil {
			return fmt.Errorf("write the initramfs: %w", err)
		}
	}
	return nil
}
