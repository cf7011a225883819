package main

import (
	"context"
	"errors"
	"fmt"

	"kmatrix/guest/wire"
)

// externalList is the file that names the external probes' programs.
const externalList = "/etc/kmatrix/external.json"

// guestShell runs scripts; a kernel need not know of interpreters.
const guestShell = "/bbin/gosh"

// external runs an external probe's programs in a directory with the scratch that it asks
// for, and returns the answer and what they printed; late gives them up.
func (a *agent) external(ctx context.Context, name string, scratch wire.Scratch, late <-chan struct{}) (wire.Answer, []byte) {
	in, ok := a.programs[name]
	switch {
	case !ok:
		return wire.Answer{Status: wire.StatusError, Detail: fmt.Sprintf("this guest has no program of %q", name)}, nil
	case in.Unsupported != "":
		return wire.Answer{Status: wire.StatusUnsupported, Detail: in.Unsupported}, nil
	}
	dir, release, err := a.scratch(scratch)
	var lacking *noScratchError
	switch {
	case errors.As(err, &lacking):
		return wire.Answer{Status: wire.StatusUnsupported, Detail: err.Error()}, nil
	case err != nil:
		return wire.Answer{Status: wire.StatusError, Detail: err.Error()}, nil
	}
	defer release()
	return a.runner.Run(ctx, in, dir, late)
}
