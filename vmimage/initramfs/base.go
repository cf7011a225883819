// Package initramfs makes what a guest boots into, in two parts: a base that
// holds the agent and u-root's commands and is the same for every kernel
// ([BuildBase], at make build), and the kernel's modules ([WriteModules]). The
// kernel takes archives one after the other, so that the two are just
// concatenated ([Join]). Neither holds a secret.
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

// Base describes the part that every kernel shares.
type Base struct {
	// Agent is the path of the agent's static executable; it becomes /init.
	Agent string
	// Commands are the import paths of u-root's commands, built for the
	// guest's architecture into one busybox.
	Commands []string
	// Arch is the guest's GOARCH; empty means amd64.
	Arch string
}

// BuildBase writes the base archive. It needs Go and the commands' sources,
// and is run by make build, so that a run needs neither.
func BuildBase(b Base, out string) error {
	if b.Arch == "" {
		b.Arch = "amd64"
	}
	tmp, err := os.MkdirTemp("", "kmatrix-uimage-")
	if err != nil {
		return fmt.Errorf("build the initramfs: %w", err)
	}
	defer os.RemoveAll(tmp) //nolint:errcheck // what stays is a temporary directory
	agent, err := filepath.Abs(b.Agent)
	if err != nil {
		return fmt.Errorf("build the initramfs: %w", err)
	}
	root, err := root()
	if err != nil {
		return fmt.Errorf("build the initramfs: %w", err)
	}
	// What mkuimage logs below an error, such as a warning about Go's version,
	// is no news to who builds.
	quiet := &llog.Logger{Level: slog.LevelError, Sink: llog.SinkFor(llog.WritePrintf(os.Stderr))}
	err = uimage.Create(quiet,
		uimage.WithEnv(golang.WithGOOS("linux"), golang.WithGOARCH(b.Arch), golang.DisableCGO()),
		uimage.WithBusyboxCommands(b.Commands...),
		uimage.WithBusyboxBuildOpts(&golang.BuildOpts{ExtraArgs: []string{"-trimpath"}}),
		uimage.WithFiles(agent+":bin/agent"),
		uimage.WithInit("/bin/agent"),
		uimage.WithBaseArchive(root),
		uimage.WithSkipLDD(),
		uimage.WithShell("gosh"),
		uimage.WithTempDir(tmp),
		uimage.WithOutput(&initramfs.CPIOFile{Path: out}),
	)
	if err != nil {
		return fmt.Errorf("build the initramfs: %w", err)
	}
	return nil
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
