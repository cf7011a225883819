package download

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// sniffed is how much of a file tells what it is.
const sniffed = 512

// Seen says what a file is that came in the place of another, as its beginning
// tells; "" for one that may be what was asked for: data that is no text.
func Seen(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("look at a download: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	return seen(f)
}

func seen(f io.ReaderAt) (string, error) {
	begin := make([]byte, sniffed)
	n, err := f.ReadAt(begin, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("look at a download: %w", err)
	}
	return SeenIn(begin[:n]), nil
}

// SeenIn is as [Seen], of what a file begins with.
func SeenIn(begin []byte) string {
	begin = begin[:min(len(begin), sniffed)]
	switch kind := http.DetectContentType(begin); {
	case len(begin) == 0:
		return "an empty file"
	case strings.HasPrefix(kind, "text/html"), bytes.Contains(bytes.ToLower(begin), []byte("<html")):
		return "a web page: something on the way, such as a portal that wants a login or a proxy, has answered in the server's place"
	case strings.HasPrefix(kind, "text/"):
		line, _, _ := strings.Cut(strings.TrimSpace(string(begin)), "\n")
		return fmt.Sprintf("a text that begins with %.60q", strings.TrimSpace(line))
	}
	return ""
}
