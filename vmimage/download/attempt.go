package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"regexp"
	"strconv"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"golang.org/x/sys/unix"
)

// A request that fails for a passing reason is made attempts times, unless it has
// brought the file further by progressBytes: what breaks off every few megabytes
// comes as well. The time between two grows from the first to the last of waits,
// which also bounds what a server asks for.
const (
	attempts      = 3
	progressBytes = 16 << 10
	firstWait     = 500 * time.Millisecond
	lastWait      = 30 * time.Second
)

// defaultStall is [Client.Stall]'s.
const defaultStall = time.Minute

// transfer is the fetching of one file.
type transfer struct {
	client *Client
	url    string
	part   *partial
	// most is how many bytes there may be, 0 for any.
	most     int64
	progress func(done, total int64)
	// resumed tells that the part was gone on with.
	resumed bool
	// told is set when the user was told that it broke off.
	told bool
}

// fetch makes requests until all of the file is there.
func (t *transfer) fetch(ctx context.Context) error {
	best := t.part.size
	for failed := 0; !t.part.whole(); {
		again, wait, err := t.attempt(ctx, failed)
		if err == nil {
			return nil
		}
		if !again {
			return err
		}
		if failed++; t.part.size >= best+progressBytes {
			best, failed, wait = t.part.size, 1, firstWait
		}
		if failed == attempts {
			return err
		}
		if t.part.size > 0 && !t.told && t.part.resumable() {
			t.told = true
			t.client.log("%s: broke off at %s: going on from there", path.Base(t.url), t.part.far())
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
	// All had come before, or with the last that broke off.
	t.resumed = true
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errStalled is the cause of a transfer that stalled.
var errStalled = errors.New("the server sends nothing")

// attempt makes one request for what is missing; again tells whether another one
// may do better, after wait.
func (t *transfer) attempt(ctx context.Context, failed int) (again bool, wait time.Duration, err error) {
	stall := t.client.stall()
	limited, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(stall, func() { cancel(fmt.Errorf("%w for %v", errStalled, stall)) })
	defer timer.Stop()
	res, rest, err := t.request(limited)
	if ctx.Err() != nil {
		return false, 0, ctx.Err()
	}
	again, _ = retryablehttp.DefaultRetryPolicy(ctx, res, err) // an error is ctx's
	wait = min(lastWait, retryablehttp.DefaultBackoff(firstWait, lastWait, failed, res))
	if err != nil {
		if cause := context.Cause(limited); cause != nil {
			err = cause
		}
		return again, wait, &UnreachableError{URL: t.url, Err: err}
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	if err := t.answered(res, rest); err != nil {
		return again || errors.Is(err, errPart), wait, err
	}
	return t.take(ctx, limited, res.Body, timer, wait)
}

func (c *Client) stall() time.Duration {
	if c.Stall > 0 {
		return c.Stall
	}
	return defaultStall
}

// request asks for the file or, where a part of it is there, for its rest.
func (t *transfer) request(ctx context.Context) (res *http.Response, rest bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url, nil)
	if err != nil {
		return nil, false, err
	}
	// Bytes as they are: an index that a proxy had compressed anew would not have
	// its digest.
	req.Header.Set("Accept-Encoding", "identity")
	if rest = t.part.size > 0 && t.part.resumable(); rest {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", t.part.size))
		if v := t.part.ifRange(); v != "" {
			req.Header.Set("If-Range", v)
		}
	}
	res, err = t.client.HTTP.Do(req)
	return res, rest, err
}

// errPart tells that a server sent another part than it was asked for.
var errPart = errors.New("the server sent another part of the file than it was asked for")

// answered takes an answer's head, and readies the part for its body. rest tells
// that the rest of the file was asked for.
func (t *transfer) answered(res *http.Response, rest bool) error {
	switch code := res.StatusCode; {
	case code == http.StatusPartialContent && rest:
		start, total, ok := contentRange(res.Header.Get("Content-Range"))
		if !ok || start != t.part.size || total > 0 && t.part.Total > 0 && total != t.part.Total {
			return errors.Join(fmt.Errorf("fetch %s: %w (%q, from %d on)", t.url, errPart, res.Header.Get("Content-Range"), t.part.size), t.restart(validators{}))
		}
		t.resumed, t.part.Total = true, max(total, t.part.Total)
		return nil
	case code == http.StatusOK:
		// What was there is no part of it, or the server knows no parts.
		t.resumed = false
		return t.restart(validatorsOf(t.url, res.Header, res.ContentLength))
	case code == http.StatusRequestedRangeNotSatisfiable && rest:
		return errors.Join(fmt.Errorf("fetch %s: %w", t.url, errPart), t.restart(validators{}))
	case code == http.StatusNotFound || code == http.StatusGone:
		return fmt.Errorf("fetch %s: %w", t.url, ErrGone)
	}
	return &UnreachableError{URL: t.url, Err: fmt.Errorf("the server answers %s", res.Status)}
}

func (t *transfer) restart(v validators) error {
	if err := t.part.restart(v); err != nil {
		return fmt.Errorf("keep %s: %w", t.url, err)
	}
	return nil
}

var contentRangeRE = regexp.MustCompile(`^bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)$`)

// contentRange reads the header of that name; the total of an unknown one is 0.
func contentRange(s string) (start, total int64, ok bool) {
	m := contentRangeRE.FindStringSubmatch(s)
	if m == nil {
		return 0, 0, false
	}
	start, _ = strconv.ParseInt(m[1], 10, 64) // of 18 digits
	end, _ := strconv.ParseInt(m[2], 10, 64)
	total, _ = strconv.ParseInt(m[3], 10, 64) // 0 for *
	return start, total, start <= end && (total == 0 || end < total)
}

// take adds an answer's body to the part.
func (t *transfer) take(ctx, limited context.Context, body io.Reader, timer *time.Timer, wait time.Duration) (again bool, _ time.Duration, err error) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := body.Read(buffer)
		timer.Reset(t.client.stall())
		if t.most > 0 && t.part.size+int64(n) > t.most {
			return false, 0, fmt.Errorf("fetch %s: %w", t.url, ErrTooLong)
		}
		if _, err := t.part.Write(buffer[:n]); err != nil {
			return false, 0, fmt.Errorf("keep %s: %w", t.url, err)
		}
		if t.progress != nil && n > 0 {
			t.progress(t.part.size, t.total())
		}
		switch {
		case errors.Is(err, io.EOF) && (t.part.Total == 0 || t.part.whole()):
			return false, 0, nil
		case errors.Is(err, io.EOF):
			err = io.ErrUnexpectedEOF // of a part that is no longer than the one before
		case err == nil:
			continue
		case ctx.Err() != nil:
			return false, 0, ctx.Err()
		}
		if cause := context.Cause(limited); cause != nil {
			err = cause
		}
		return true, wait, &BrokenError{URL: t.url, Done: t.part.size, Total: t.total(), Err: err}
	}
}

// total is how long the file is, 0 for unknown.
func (t *transfer) total() int64 {
	if t.part.Total > 0 {
		return t.part.Total
	}
	return t.most
}

// leave ends a transfer that failed: what has come is kept for the next call where
// that may go on with it.
func (t *transfer) leave(err error) error {
	var disk *os.PathError
	if errors.Is(err, ErrTooLong) || errors.Is(err, ErrGone) || errors.As(err, &disk) || errors.Is(err, unix.ENOSPC) {
		return errors.Join(err, t.part.discard())
	}
	var broken *BrokenError
	if errors.As(err, &broken) && t.part.size > 0 && t.part.resumable() {
		broken.Kept = true
	}
	return err
}
