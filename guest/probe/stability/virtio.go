package stability

import (
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// portOrigin is why a virtio port is asked.
const portOrigin = "D. Howells, 2023-06-29 15:54, cover letter: the series leaves virtio_console as it is; pipe_to_sg of drivers/char/virtio_console.c takes a pipe's page away, or copies it"

// A virtio port, whose driver takes pages out of a pipe for the host to read.
// The host reads none before it is asked to, after the mutation.
func init() {
	register(call{
		name: "splice-virtio", doc: "splice into a pipe and on to a virtio port whose host waits", kind: steals, feature: sys.PortFeature, origin: portOrigin,
		open: func(r *sys.Recorder, f *source.File) (carrier, error) {
			port, err := sys.OpenPort()
			if err != nil {
				return nil, err
			}
			p, err := sys.NewPipe(int(f.Window))
			if err != nil {
				return nil, err
			}
			in, on := fileToPipe(r, f, p, 0), pipeTo(r, p, port.FD, "port")
			return funcs{
				move: func(off, n int64) error {
					// The port takes one pipe at a time.
					if err := sys.Repeat(off, n, in); err != nil {
						return err
					}
					if err := sys.Repeat(0, n, on); err != nil {
						return err
					}
					return countLeft(r, f)
				},
				read: func(b []byte) ([]byte, error) { return port.Echo(b, f.Target()-(f.Size-f.Window)) },
				end:  func() error { p.Close(); return nil },
			}, nil
		},
	})
}
