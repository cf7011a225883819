package series

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"kmatrix/vmimage/unpack"
)

// File is a place that a series, or a part of one, is read from.
type File struct {
	// Name is what errors call it.
	Name string
	// Path is a file or a directory; "" where Text is what it holds.
	Path string
	Text []byte
}

// maxFile is the largest file that is read, in bytes, also after unpacking.
const maxFile = 64 << 20

// patchName is the name of a file of a directory that is taken for a part of the
// series: what git format-patch, quilt, b4 and mail programs call theirs.
var patchName = regexp.MustCompile(`(?i)\.(?:patch|diff|eml|mbox|mbx)(?:\.(?:gz|xz|zst))?$`)

// files returns what is to be read: the file itself, or the files of a directory.
func (f File) files() ([]File, error) {
	if f.Path == "" {
		return []File{f}, nil
	}
	info, err := os.Stat(f.Path)
	if err != nil {
		return nil, fmt.Errorf("read a series: %w", err)
	}
	if !info.IsDir() {
		return []File{f}, nil
	}
	if text, err := os.ReadFile(filepath.Join(f.Path, "series")); err == nil {
		return f.listed(string(text))
	}
	names, err := mailNames(f.Path)
	if err != nil {
		return nil, fmt.Errorf("read a series: %w", err)
	}
	if len(names) == 0 {
		return nil, wrong(f.Name, "the directory holds no *.patch, *.eml or *.mbox, no list of quilt's (series) and no Maildir (cur, new)")
	}
	return f.within(names), nil
}

// mailNames lists the mails and patches of a directory, which may be a Maildir.
func mailNames(dir string) ([]string, error) {
	var names []string
	for _, sub := range []string{"", "cur", "new"} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if errors.Is(err, os.ErrNotExist) && sub != "" {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && (sub != "" || patchName.MatchString(e.Name())) {
				names = append(names, filepath.Join(sub, e.Name()))
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// listed returns the files that quilt's list names, in its order.
func (f File) listed(list string) ([]File, error) {
	var names []string
	n := 0
	for line := range strings.Lines(list) {
		n++
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if i := slices.IndexFunc(words[1:], func(w string) bool { return w != "-p1" }); i >= 0 {
			return nil, wrong(filepath.Join(f.Name, "series"), "line %d: %s has %s, and only -p1 is applied: refresh it with quilt refresh -p1", n, words[0], words[1+i])
		}
		if !filepath.IsLocal(words[0]) {
			return nil, wrong(filepath.Join(f.Name, "series"), "line %d: %s lies outside of the directory", n, words[0])
		}
		names = append(names, words[0])
	}
	if len(names) == 0 {
		return nil, wrong(filepath.Join(f.Name, "series"), "it lists no patch")
	}
	return f.within(names), nil
}

// within returns files of the directory.
func (f File) within(names []string) []File {
	var files []File
	for _, n := range names {
		files = append(files, File{Name: filepath.Join(f.Name, n), Path: filepath.Join(f.Path, n)})
	}
	return files
}

// read returns what a file holds, unpacked where it is compressed.
func (f File) read(ctx context.Context) ([]byte, error) {
	text := f.Text
	if f.Path != "" {
		info, err := os.Stat(f.Path)
		if err == nil && info.Size() > maxFile {
			return nil, f.tooLarge()
		}
		if text, err = os.ReadFile(f.Path); err != nil {
			return nil, fmt.Errorf("read a series: %w", err)
		}
	}
	format, err := unpack.Detect(text[:min(len(text), 16)])
	if err != nil {
		return text, nil // it is not compressed, or no text
	}
	r, err := unpack.Reader(ctx, format, bytes.NewReader(text))
	if err != nil {
		return nil, wrong(f.Name, "it is %s and does not unpack: %v", format, err)
	}
	text, err = io.ReadAll(io.LimitReader(r, maxFile+1))
	err = errors.Join(err, r.Close())
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case len(text) > maxFile:
		return nil, f.tooLarge()
	case err != nil:
		return nil, wrong(f.Name, "it is %s and does not unpack: %v; it was cut: fetch it again", format, err)
	}
	return text, nil
}

func (f File) tooLarge() error {
	return wrong(f.Name, "it has more than %d MiB: save the thread alone", maxFile>>20)
}
