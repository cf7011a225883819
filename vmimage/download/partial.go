package download

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"kmatrix/matrix/atomicfile"
)

// Names beside a file that is being fetched: what has come of it, and a note of what
// that is a part of.
const (
	partSuffix = ".part"
	noteSuffix = ".json"
)

// partialName is where the parts of a file are kept until it is whole.
func partialName(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+partSuffix)
}

// validators tell one content of a URL from another.
type validators struct {
	URL string `json:"url"`
	// ETag is a strong one; a weak one is no use here.
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
	// Total is the size of the whole, 0 for unknown.
	Total int64 `json:"total,omitempty"`
	// Boot is the boot of the host in which it came: what is not synced may be
	// zeros after a power loss.
	Boot string `json:"boot,omitempty"`
}

// validatorsOf reads them from an answer.
func validatorsOf(url string, h http.Header, total int64) validators {
	v := validators{URL: url, ETag: h.Get("ETag"), LastModified: h.Get("Last-Modified"), Total: max(0, total), Boot: hostBoot()}
	if strings.HasPrefix(v.ETag, "W/") {
		v.ETag = ""
	}
	return v
}

// hostBoot names the boot of this host, "" where that is not told.
func hostBoot() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// ifRange is what makes a request for the rest one for the rest of the same
// content (RFC 9110, 13.1.5), "" where the server has given nothing for that.
func (v validators) ifRange() string {
	if v.ETag != "" {
		return v.ETag
	}
	return v.LastModified
}

// partial is what has come of a file. Its lock is held.
type partial struct {
	validators
	file *os.File
	// size is how many bytes it has.
	size int64
	// known tells that its digest is known: what was put together is compared.
	known bool
	// nameless tells that no other process can go on with it.
	nameless bool
}

// resumable reports whether it can be gone on with: the server has said what tells the
// content from another, or the digest does.
func (p *partial) resumable() bool { return p.ifRange() != "" || p.known }

// openPartial opens what an earlier process has left of the file, if it can be gone
// on with, or an empty one.
func openPartial(path, url string, want Want) (*partial, error) {
	f, err := os.OpenFile(partialName(path), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	p := &partial{file: f, known: want.SHA256 != ""}
	info, err := f.Stat()
	if err == nil && p.recall(url, info.Size()) {
		p.size = info.Size()
		return p, nil
	}
	if err == nil {
		err = p.restart(validators{})
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return p, nil
}

// recall reads the note, and reports whether what is there can be gone on with.
func (p *partial) recall(url string, size int64) bool {
	note, err := os.ReadFile(p.file.Name() + noteSuffix)
	if err != nil || json.Unmarshal(note, &p.validators) != nil {
		return false
	}
	trusted := p.known || p.Boot != "" && p.Boot == hostBoot()
	return trusted && p.URL == url && p.resumable() && (p.Total == 0 || size <= p.Total)
}

// restart empties it for a content with those validators.
func (p *partial) restart(v validators) error {
	// Emptied before there is a note of what it becomes, so that a kill leaves no
	// part of the old under the name of the new.
	if err := p.file.Truncate(0); err != nil {
		return err
	}
	p.validators, p.size = v, 0
	if p.nameless {
		return nil
	}
	if v.URL == "" || !p.resumable() {
		return p.forget()
	}
	note, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return atomicfile.Write(p.file.Name()+noteSuffix, note)
}

// Write adds what has come.
func (p *partial) Write(b []byte) (int, error) {
	n, err := p.file.WriteAt(b, p.size)
	p.size += int64(n)
	return n, err
}

// whole reports whether all of a file whose size is known is there.
func (p *partial) whole() bool { return p.Total > 0 && p.size == p.Total }

// far says how much of the file is there.
func (p *partial) far() string {
	if p.Total == 0 {
		return megabytes(p.size) + " MB"
	}
	return megabytes(p.size) + " of " + megabytes(p.Total) + " MB"
}

// megabytes writes a size for people; a small one is not 0.
func megabytes(n int64) string {
	if n >= 10e6 {
		return fmt.Sprint(n / 1e6)
	}
	return fmt.Sprintf("%.3g", float64(n)/1e6)
}

// check compares a file that has come with what it must be: all of it, as it can be
// read.
func (p *partial) check(url string, want Want) error {
	if want.Size > 0 && p.size != want.Size {
		return p.mismatch(url, "size", fmt.Sprint(p.size), fmt.Sprint(want.Size))
	}
	if want.SHA256 == "" {
		return nil
	}
	h := sha256.New()
	n, err := io.Copy(h, io.NewSectionReader(p.file, 0, p.size))
	if err == nil && n != p.size {
		err = io.ErrUnexpectedEOF // somebody has cut it
	}
	if err != nil {
		return fmt.Errorf("read what has come of %s: %w", url, err)
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != want.SHA256 {
		return p.mismatch(url, "sha256", sum, want.SHA256)
	}
	return nil
}

func (p *partial) mismatch(url, what, got, want string) error {
	s, err := seen(p.file)
	return errors.Join(&MismatchError{URL: url, What: what, Got: got, Want: want, Seen: s}, err)
}

// forget removes the note: what is there cannot be gone on with.
func (p *partial) forget() error {
	return ignoreGone(os.Remove(p.file.Name() + noteSuffix))
}

// discard removes all of it.
func (p *partial) discard() error {
	return errors.Join(ignoreGone(os.Remove(p.file.Name())), p.forget())
}

// close ends it; what is no use to the next process is removed.
func (p *partial) close() error {
	var err error
	if p.size == 0 || !p.resumable() {
		err = p.discard()
	}
	return errors.Join(err, p.file.Close())
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
