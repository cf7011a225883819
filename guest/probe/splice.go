package probe

import (
	"fmt"

	"golang.org/x/sys/unix"
)

func init() {
	registerStability("splice", "splice", func(r *recorder, f *source, p pipe, off, n int64) (int64, error) {
		return r.do(fmt.Sprintf("splice(file, pipe, %d, NONBLOCK)", n), func() (int64, error) {
			at := off
			return unix.Splice(f.in, &at, p.w, nil, int(n), unix.SPLICE_F_NONBLOCK)
		})
	})
}
