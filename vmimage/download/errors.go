package download

import (
	"errors"
	"fmt"
)

// ErrGone tells that a server does not have a file, or no longer.
var ErrGone = errors.New("the server does not have it")

// ErrTooLong tells that a file is larger than its index says.
var ErrTooLong = errors.New("it is longer than it should be")

// UnreachableError tells that a server could not be asked.
type UnreachableError struct {
	URL string
	Err error
}

// Error names the URL and the cause.
func (e *UnreachableError) Error() string { return fmt.Sprintf("reach %s: %v", e.URL, e.Err) }

// Unwrap returns the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// BrokenError tells that a transfer broke off, again and again.
type BrokenError struct {
	URL string
	// Done is how many bytes had come, of Total, 0 for unknown.
	Done, Total int64
	// Kept tells that the next call goes on there.
	Kept bool
	Err  error
}

// Error names the URL, the cause, and how far it came.
func (e *BrokenError) Error() string {
	text := fmt.Sprintf("fetch %s: the transfer broke off after %s", e.URL, megabytes(e.Done))
	if e.Total > 0 {
		text += " of " + megabytes(e.Total)
	}
	text += fmt.Sprintf(" MB: %v", e.Err)
	if e.Kept {
		text += "; run again to go on there"
	}
	return text
}

// Unwrap returns the cause.
func (e *BrokenError) Unwrap() error { return e.Err }

// MismatchError tells that a file is not what was expected.
type MismatchError struct {
	URL       string
	What      string
	Got, Want string
	// Seen says what came in its place, where that can be told.
	Seen string
}

// Error names the URL, both sides, and what came.
func (e *MismatchError) Error() string {
	text := fmt.Sprintf("%s is not what it should be: its %s is %s, want %s; ", e.URL, e.What, e.Got, e.Want)
	if e.Seen != "" {
		return text + "what came is " + e.Seen
	}
	return text + "the server or something on the way changed it"
}

// Remote reports whether an error is of a server, or of the way to it, and not of
// this host.
func Remote(err error) bool {
	return errors.As(err, new(*UnreachableError)) || errors.As(err, new(*BrokenError)) || errors.As(err, new(*MismatchError)) ||
		errors.Is(err, ErrGone) || errors.Is(err, ErrTooLong) || errors.Is(err, errPart)
}
