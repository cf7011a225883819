package main

import (
	"errors"
	"io"
)

// pump copies until the reader's end with plain reads and writes. io.Copy would
// use splice, sendfile or copy_file_range where it can, the very calls that
// the guest is there to test.
func pump(w io.Writer, r io.Reader) error {
	b := make([]byte, 16<<10)
	for {
		n, err := r.Read(b)
		if n > 0 {
			if _, err := w.Write(b[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
