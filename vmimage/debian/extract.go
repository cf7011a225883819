package debian

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/blakesmith/ar"

	"kmatrix/vmimage/unpack"
)

// maxUnpacked is the most that is unpacked of one package; the largest kernel
// of Debian, with every module, has a seventh of it.
const maxUnpacked = 4 << 30

// Extract unpacks those regular files of a .deb into dir whose names want
// accepts: names like "boot/vmlinuz-6.1.0-41-cloud-amd64". No name can lead
// out of dir.
func Extract(ctx context.Context, deb, dir string, want func(name string) bool) error {
	f, err := os.Open(deb)
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", deb, err)
	}
	defer root.Close() //nolint:errcheck // a directory's close reports nothing
	archive := ar.NewReader(f)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("unpack %s: it has no data.tar: it is no Debian package", deb)
		}
		if err != nil {
			return fmt.Errorf("unpack %s: %w", deb, err)
		}
		// GNU ar ends names with a slash.
		name := strings.TrimSuffix(strings.TrimSpace(h.Name), "/")
		if !strings.HasPrefix(name, "data.tar") {
			continue
		}
		r, err := unpack.Reader(ctx, unpack.ByName(path.Ext(name)), archive)
		if err != nil {
			return fmt.Errorf("unpack %s: %s: %w", deb, name, err)
		}
		if err := errors.Join(untar(root, r, want), r.Close()); err != nil {
			return fmt.Errorf("unpack %s: %w", deb, err)
		}
		return nil
	}
}

func untar(root *os.Root, r io.Reader, want func(string) bool) error {
	left := int64(maxUnpacked)
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path.Clean("/"+h.Name), "/")
		if h.Typeflag != tar.TypeReg || !want(name) {
			continue
		}
		if left -= h.Size; left < 0 {
			return fmt.Errorf("it holds more than %d bytes", int64(maxUnpacked))
		}
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, t)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
}
