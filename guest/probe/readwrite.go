package probe

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// The control: data that were copied to user space and back cannot be seen to
// change, on any kernel. A read-write probe that is not stable is a mistake in
// the probes.
func init() {
	var buffer []byte
	registerStability("read-write", "read and write", func(r *recorder, f *source, p pipe, off, n int64) (int64, error) {
		if int64(len(buffer)) < n {
			buffer = make([]byte, n)
		}
		got, err := r.do(fmt.Sprintf("pread(file, %d)", n), func() (int64, error) {
			m, err := unix.Pread(f.in, buffer[:n], off)
			return int64(m), err
		})
		if err != nil || got == 0 {
			return got, err
		}
		return r.do(fmt.Sprintf("write(pipe, %d)", got), func() (int64, error) {
			m, err := unix.Write(p.w, buffer[:got])
			return int64(m), err
		})
	})
}
