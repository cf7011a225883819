package cost

import (
	"errors"
	"runtime"
	"runtime/debug"

	"kmatrix/guest/probe/sys"
)

// undisturbed does what is timed: the thread is locked, others are kept from
// preempting it, and the collector is off meanwhile.
func undisturbed(do func() error) (err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	end, err := sys.Quieten()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	return do()
}
