package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Bytes fetches a small file, such as a signed list. One of more than most bytes is
// [ErrTooLong].
func (c *Client) Bytes(ctx context.Context, url string, most int64) (text []byte, err error) {
	f, err := os.CreateTemp("", "kmatrix-download-")
	if err != nil {
		return nil, fmt.Errorf("keep %s: %w", url, err)
	}
	// It needs no name, and leaves none whatever happens.
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := os.Remove(f.Name()); err != nil {
		return nil, fmt.Errorf("keep %s: %w", url, err)
	}
	p := &partial{file: f, nameless: true}
	d := transfer{client: c, url: url, part: p, most: most}
	if err := d.fetch(ctx); err != nil {
		return nil, err
	}
	text = make([]byte, p.size)
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, p.size), text); err != nil {
		return nil, fmt.Errorf("read what has come of %s: %w", url, err)
	}
	return text, nil
}
