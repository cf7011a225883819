// Package unpack reads what kernels, modules and packages are compressed with.
package unpack

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"

	"kmatrix/matrix/proc"
)

// Format is a format of compression.
type Format string

// The formats that can be read.
const (
	None Format = ""
	Gzip Format = "gzip"
	XZ   Format = "xz"
	Zstd Format = "zstd"
	// LZ4 includes the legacy frames that the kernel uses.
	LZ4 Format = "lz4"
)

// ErrFormat tells that a format is none of those that can be read.
var ErrFormat = errors.New("compressed in a format that is not read here")

// magics are the first bytes of each format; those at the end are known by
// name and not read (Documentation/x86/boot.rst lists what a kernel may use).
var magics = []struct {
	magic  string
	format Format
	name   string
}{
	{"\x1f\x8b", Gzip, "gzip"},
	{"\xfd7zXZ\x00", XZ, "xz"},
	{"\x28\xb5\x2f\xfd", Zstd, "zstd"},
	{"\x02\x21\x4c\x18", LZ4, "lz4"},
	{"\x04\x22\x4d\x18", LZ4, "lz4"},
	{"BZh", "", "bzip2"},
	{"\x5d\x00\x00", "", "lzma"},
	{"\x89LZO", "", "lzo"},
}

// Detect tells the format by its first bytes. The error is [ErrFormat], with
// the format's name where it is known.
func Detect(head []byte) (Format, error) {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			if m.format == "" {
				return None, fmt.Errorf("%s: %w", m.name, ErrFormat)
			}
			return m.format, nil
		}
	}
	return None, fmt.Errorf("its first bytes are %x: %w", head[:min(6, len(head))], ErrFormat)
}

// ByName tells the format by a file name's last extension, None where it names
// none.
func ByName(ext string) Format {
	return map[string]Format{".gz": Gzip, ".xz": XZ, ".zst": Zstd, ".lz4": LZ4}[ext]
}

// Reader returns a reader of what r holds, uncompressed. It must be closed.
//
// For xz the program of that name is run where there is one: it is faster, and
// it knows the filter for x86 machine code that kernels are compressed with.
func Reader(ctx context.Context, f Format, r io.Reader) (io.ReadCloser, error) {
	switch f {
	case None:
		return io.NopCloser(r), nil
	case Gzip:
		return gzip.NewReader(r)
	case Zstd:
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	case LZ4:
		return io.NopCloser(lz4.NewReader(r)), nil
	case XZ:
		if _, err := exec.LookPath("xz"); err == nil {
			return program(ctx, proc.Cmd{Path: "xz", Args: []string{"--decompress", "--stdout", "--quiet"}, Stdin: r}), nil
		}
		d, err := xz.NewReader(r)
		if err != nil {
			return nil, err
		}
		return io.NopCloser(d), nil
	}
	return nil, fmt.Errorf("%s: %w", f, ErrFormat)
}

// program returns a reader of a program's output. Closing it ends the program.
func program(ctx context.Context, c proc.Cmd) io.ReadCloser {
	ctx, cancel := context.WithCancel(ctx)
	r, w := io.Pipe()
	done := make(chan struct{})
	c.Stdout = w
	go func() {
		defer close(done)
		_, err := proc.Run(ctx, c)
		w.CloseWithError(err) // nil becomes io.EOF
	}()
	return &output{PipeReader: r, cancel: cancel, done: done}
}

type output struct {
	*io.PipeReader
	cancel context.CancelFunc
	done   chan struct{}
}

// Close ends the program and waits for it.
func (o *output) Close() error {
	err := o.PipeReader.Close()
	o.cancel()
	<-o.done
	return err
}
