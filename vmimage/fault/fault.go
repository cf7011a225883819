// Package fault says whose fault it is that a kernel has no image: its source's, its
// own, or, for every other error, the host's.
package fault

import (
	"fmt"

	"kmatrix/vmimage/download"
)

// UnavailableError tells that a kernel's source cannot be had.
type UnavailableError struct{ Err error }

// Error returns the reason.
func (e *UnavailableError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *UnavailableError) Unwrap() error { return e.Err }

// LockedError tells that --locked forbids what a source would need. It wraps
// the reason, and is itself the cause of an [*UnavailableError].
type LockedError struct{ Err error }

// Error returns the reason.
func (e *LockedError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *LockedError) Unwrap() error { return e.Err }

// BuildFailedError tells that a kernel's source was had and does not build.
type BuildFailedError struct{ Err error }

// Error returns the reason.
func (e *BuildFailedError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *BuildFailedError) Unwrap() error { return e.Err }

// Unavailable makes an [*UnavailableError].
func Unavailable(format string, args ...any) error {
	return &UnavailableError{fmt.Errorf(format, args...)}
}

// Locked makes a [*LockedError] and the error that it is the cause of.
func Locked(format string, args ...any) error {
	return &UnavailableError{&LockedError{fmt.Errorf(format, args...)}}
}

// NotCached is the error of what --offline keeps from being fetched.
func NotCached(where string) error {
	return Unavailable("%s is not in the cache, and --offline keeps from fetching it", where)
}

// OfServer makes an error of a server, or of the way to it, the source's.
func OfServer(err error) error {
	if download.Remote(err) {
		return &UnavailableError{err}
	}
	return err
}
