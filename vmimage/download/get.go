// Package download fetches files over HTTP: whole, checked, or not at all.
//
// A file comes under a temporary name, is compared with the digest that it must
// have, synced and renamed. What fails for a passing reason is tried again.
package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// ErrGone tells that a server does not have a file, or no longer.
var ErrGone = errors.New("the server does not have it")

// UnreachableError tells that a server could not be asked.
type UnreachableError struct {
	URL string
	Err error
}

// Error names the URL and the cause.
func (e *UnreachableError) Error() string { return fmt.Sprintf("reach %s: %v", e.URL, e.Err) }

// Unwrap returns the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// attempts is how often a request is made that fails for a passing reason, and
// backoff the time before the second; it doubles.
const (
	attempts = 3
	backoff  = 500 * time.Millisecond
)

// Get writes the body of a URL to the writer that w returns, a new one for each
// attempt. The error is [ErrGone] for a 404, and an
// [*UnreachableError] when the server was not reached.
func Get(ctx context.Context, client *http.Client, url string, w func() io.Writer) error {
	var err error
	for i := range attempts {
		if i > 0 {
			select {
			case <-time.After(backoff << (i - 1)):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		var again bool
		if again, err = try(ctx, client, url, w()); err == nil || !again {
			return err
		}
	}
	return err
}

// try makes one request; again tells whether another one may do better.
func try(ctx context.Context, client *http.Client, url string, w io.Writer) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, fmt.Errorf("fetch %s: %w", url, err)
	}
	// Bytes as they are: an index that a proxy had compressed anew would not
	// have its digest.
	req.Header.Set("Accept-Encoding", "identity")
	res, err := client.Do(req)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		return true, &UnreachableError{URL: url, Err: err}
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	switch {
	case res.StatusCode == http.StatusNotFound:
		return false, fmt.Errorf("fetch %s: %w", url, ErrGone)
	case res.StatusCode >= 500:
		return true, &UnreachableError{URL: url, Err: errors.New(res.Status)}
	case res.StatusCode != http.StatusOK:
		return false, &UnreachableError{URL: url, Err: errors.New(res.Status)}
	}
	if _, err := io.Copy(w, res.Body); err != nil {
		var disk *os.PathError
		if errors.As(err, &disk) {
			return false, fmt.Errorf("keep %s: %w", url, err)
		}
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		return true, fmt.Errorf("fetch %s: the transfer broke off: %w", url, err)
	}
	return false, nil
}
