package tree

import (
	"context"
	"os"
	"syscall"

	"kmatrix/matrix/proc"
)

// link puts the files below one directory into another, which is empty: as
// links where one file system holds both, else as copies.
func link(ctx context.Context, from, to string) error {
	how := "-al"
	if same, err := sameDevice(from, to); err != nil {
		return err
	} else if !same {
		how = "-a"
	}
	_, err := proc.Run(ctx, proc.Cmd{Path: "cp", Args: []string{how, from + "/.", to}})
	return err
}

func sameDevice(a, b string) (bool, error) {
	var of [2]syscall.Stat_t
	for i, path := range []string{a, b} {
		if err := syscall.Stat(path, &of[i]); err != nil {
			return false, &os.PathError{Op: "stat", Path: path, Err: err}
		}
	}
	return of[0].Dev == of[1].Dev, nil
}
