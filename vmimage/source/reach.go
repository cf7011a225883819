package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path"
	"time"

	"kmatrix/vmimage/download"
)

// reachDeadline is how long a server may take to answer whether it has a file:
// one that is out of reach must not hold up the others.
const reachDeadline = 5 * time.Second

// reach asks a server for a file's head.
func reach(ctx context.Context, client *http.Client, where string) error {
	limited, cancel := context.WithTimeout(ctx, reachDeadline)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, http.MethodHead, where, nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		var (
			failed  *url.Error
			unknown *net.DNSError
		)
		switch {
		case errors.As(err, &unknown):
			err = errors.New(unknown.Err) // without the resolver's address
		case errors.As(err, &failed):
			err = failed.Err // without the URL
		}
		return fmt.Errorf("%s is not reached from here: %w", req.URL.Host, err)
	}
	if err := res.Body.Close(); err != nil {
		return err
	}
	switch res.StatusCode {
	case http.StatusOK, http.StatusMethodNotAllowed, http.StatusNotImplemented: // the latter two know no heads
		return nil
	case http.StatusNotFound, http.StatusGone:
		return fmt.Errorf("%s of %s: %w", path.Base(where), req.URL.Host, download.ErrGone)
	}
	return fmt.Errorf("%s answers %s for %s", req.URL.Host, res.Status, path.Base(where))
}
