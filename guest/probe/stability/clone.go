package stability

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// copy_file_range makes a file of the data, by reference where the file system
// shares extents. Either way the copy is a file of its own.
func init() {
	register(call{
		name: "copy-file-range", doc: "copy_file_range into another file", kind: clones,
		origin: "copy_file_range(2): the copy is one, whether extents are shared or not",
		open: func(r *sys.Recorder, f *source.File) (carrier, error) {
			path := f.Path + "-copy"
			out, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC|unix.O_CLOEXEC, 0o600)
			if err != nil {
				return nil, fmt.Errorf("create %s: %w", path, err)
			}
			var end int64 // where the window that was carried last begins
			return funcs{
				move: func(off, n int64) error {
					end = off
					return sys.Repeat(off, n, func(off, n int64) (int64, error) {
						return r.Do(fmt.Sprintf("copy_file_range(file, file, %d)", n), func() (int64, error) {
							from, to := off, off
							n, err := unix.CopyFileRange(f.In, &from, out, &to, int(n), 0)
							return int64(n), err
						})
					})
				},
				read: func(b []byte) ([]byte, error) {
					n, err := unix.Pread(out, b, end)
					if err != nil {
						return nil, fmt.Errorf("read the copy: %w", err)
					}
					return b[:n], nil
				},
				end: func() error { return errors.Join(unix.Close(out), unix.Unlink(path)) },
			}, nil
		},
	})
}
