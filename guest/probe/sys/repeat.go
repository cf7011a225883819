package sys

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Repeat calls move until n bytes from off on are moved; move returns how many of the
// bytes that are left it has moved. Data that end early are an error.
func Repeat(off, n int64, move func(off, n int64) (int64, error)) error {
	for n > 0 {
		moved, err := move(off, n)
		if err != nil {
			return err
		}
		if moved == 0 {
			return fmt.Errorf("the data ended %d bytes early", n)
		}
		off, n = off+moved, n-moved
	}
	return nil
}

// Retry makes a call until a signal does not interrupt it (EINTR).
func Retry(call func() (int64, error)) (int64, error) {
	for {
		if n, err := call(); !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
