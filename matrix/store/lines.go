package store

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// lines is a file of JSON values, one a line, that only grows. What was appended
// is on the disk when append returns; what could not be is not there in part.
type lines struct {
	mu   sync.Mutex
	file *os.File
	// size is how many bytes whole lines take.
	size int64
	// broken is why nothing more is appended.
	broken error
}

// openLines opens the file to append, and makes it where it is not there. A last
// line that its writer's death has torn is cut off; one that lacks its end alone is
// given it.
func openLines(path string) (*lines, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	l := &lines{file: f}
	if err := l.repair(); err != nil {
		return nil, errors.Join(fmt.Errorf("repair the end of %s: %w", path, err), f.Close())
	}
	return l, nil
}

// repair gives the file a whole last line.
func (l *lines) repair() error {
	r := bufio.NewReaderSize(l.file, 64<<10)
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if len(line) == 0 {
				return nil
			}
			if json.Valid(line) {
				return l.write([]byte("\n"), int64(len(line)))
			}
			return errors.Join(l.file.Truncate(l.size), l.file.Sync())
		}
		if err != nil {
			return err
		}
		l.size += int64(len(line))
	}
}

// append adds a line.
func (l *lines) append(value any) error {
	line, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return l.broken
	}
	if err := l.write(append(line, '\n'), 0); err != nil {
		// Half a line would spoil the next one, and a line that may not be on the
		// disk must not look as if it were.
		l.broken = err
		return errors.Join(err, l.file.Truncate(l.size))
	}
	return nil
}

// write writes and syncs a line, of which some bytes stand there already.
func (l *lines) write(p []byte, there int64) error {
	if _, err := l.file.Write(p); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	l.size += there + int64(len(p))
	return nil
}

func (l *lines) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}

// maxLine is the longest line that is read.
const maxLine = 1 << 20

// readLines hands over each value of such a file, and returns what was passed
// over, a sentence each: a last line that is torn, one that is no value. A file
// that is not there holds none.
func readLines[T any](path string, take func(T) (trouble string)) (warnings []string, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	return scanLines(f, path, take)
}

func scanLines[T any](f io.Reader, path string, take func(T) (trouble string)) (warnings []string, err error) {
	r := bufio.NewReaderSize(f, 64<<10)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return warnings, fmt.Errorf("read %s: %w", path, err)
		}
		if last && len(line) == 0 {
			return warnings, nil
		}
		var value T
		trouble := ""
		switch {
		case len(line) > maxLine:
			trouble = fmt.Sprintf("the line has %d bytes and was passed over", len(line))
		case json.Unmarshal(line, &value) == nil:
			trouble = take(value)
		case last:
			trouble = "the last line is torn and was passed over"
		default:
			trouble = "is no such line and was passed over"
		}
		if trouble != "" {
			warnings = append(warnings, fmt.Sprintf("%s:%d: %s", path, n, trouble))
		}
		if last {
			return warnings, nil
		}
	}
}
