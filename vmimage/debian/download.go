package debian

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// digest is what a file must be.
type digest struct {
	sha256 string
	size   int64
}

// MismatchError tells that a file is not what its index says.
type MismatchError struct {
	URL       string
	What      string
	Got, Want string
}

// Error names the URL and both sides.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("%s is not what the signed index says: its %s is %s, want %s; the mirror or something on the way changed it", e.URL, e.What, e.Got, e.Want)
}

// download fetches a URL into path: under a temporary name, checked, synced,
// renamed. Nothing is left when it fails.
func (c *Client) download(ctx context.Context, url, path string, want digest, progress func(done, total int64)) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("keep %s: %w", url, err)
	}
	tmp, err := os.CreateTemp(dir, ".download-")
	if err != nil {
		return fmt.Errorf("keep %s: %w", url, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tmp.Close(), os.Remove(tmp.Name()))
		}
	}()
	var sum *sink
	err = c.get(ctx, url, func() io.Writer {
		sum = &sink{file: tmp, hash: sha256.New(), want: want.size, progress: progress}
		return sum
	})
	if err != nil {
		return err
	}
	if sum.n != want.size {
		return &MismatchError{URL: url, What: "size", Got: fmt.Sprint(sum.n), Want: fmt.Sprint(want.size)}
	}
	if got := hex.EncodeToString(sum.hash.Sum(nil)); got != want.sha256 {
		return &MismatchError{URL: url, What: "sha256", Got: got, Want: want.sha256}
	}
	if err := tmp.Sync(); err != nil {
		return fmt.Errorf("keep %s: %w", url, err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("keep %s: %w", url, err)
	}
	return tmp.Close()
}

// sink writes a download from the file's beginning, and stops one that is
// longer than it should be.
type sink struct {
	file     *os.File
	hash     hash.Hash
	n, want  int64
	progress func(done, total int64)
}

var errTooLong = errors.New("it is longer than the index says")

func (s *sink) Write(p []byte) (int, error) {
	if s.n == 0 {
		if err := s.file.Truncate(0); err != nil {
			return 0, err
		}
	}
	if s.n+int64(len(p)) > s.want {
		return 0, errTooLong
	}
	n, err := s.file.WriteAt(p, s.n)
	s.hash.Write(p[:n]) // documented to return no error
	s.n += int64(n)
	if s.progress != nil {
		s.progress(s.n, s.want)
	}
	return n, err
}

// matches reports whether the file is there and has the digest. One that has
// another is removed: it is no use to anybody.
func matches(path, sum string) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the cache: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return false, fmt.Errorf("read %s: %w", path, err)
	}
	if hex.EncodeToString(h.Sum(nil)) == sum {
		return true, nil
	}
	if err := os.Remove(path); err != nil {
		return false, fmt.Errorf("remove a damaged file from the cache: %w", err)
	}
	return false, nil
}
