package download

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
)

// Want is what a file must be. The zero value takes anything.
type Want struct {
	// SHA256 is in hex; "" for unknown.
	SHA256 string
	// Size is in bytes; 0 for unknown.
	Size int64
}

// MismatchError tells that a file is not what was expected.
type MismatchError struct {
	URL       string
	What      string
	Got, Want string
}

// Error names the URL and both sides.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("%s is not what it should be: its %s is %s, want %s; the server or something on the way changed it", e.URL, e.What, e.Got, e.Want)
}

// File fetches a URL into path: under a temporary name, checked, synced,
// renamed. Nothing is left when it fails.
func File(ctx context.Context, client *http.Client, url, path string, want Want, progress func(done, total int64)) (err error) {
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
	err = Get(ctx, client, url, func() io.Writer {
		sum = &sink{file: tmp, hash: sha256.New(), want: want.Size, progress: progress}
		return sum
	})
	if err != nil {
		return err
	}
	if want.Size > 0 && sum.n != want.Size {
		return &MismatchError{URL: url, What: "size", Got: fmt.Sprint(sum.n), Want: fmt.Sprint(want.Size)}
	}
	if got := hex.EncodeToString(sum.hash.Sum(nil)); want.SHA256 != "" && got != want.SHA256 {
		return &MismatchError{URL: url, What: "sha256", Got: got, Want: want.SHA256}
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

// ErrTooLong tells that a file is larger than its index says.
var ErrTooLong = errors.New("it is longer than it should be")

func (s *sink) Write(p []byte) (int, error) {
	if s.n == 0 {
		if err := s.file.Truncate(0); err != nil {
			return 0, err
		}
	}
	if s.want > 0 && s.n+int64(len(p)) > s.want {
		return 0, ErrTooLong
	}
	n, err := s.file.WriteAt(p, s.n)
	s.hash.Write(p[:n]) // documented to return no error
	s.n += int64(n)
	if s.progress != nil {
		s.progress(s.n, s.want)
	}
	return n, err
}

// Matches reports whether the file is there and has the digest. One that has
// another is removed: it is no use to anybody.
func Matches(path, sum string) (bool, error) {
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
