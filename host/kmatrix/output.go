package main

import (
	"io"
	"sync"

	"kmatrix/matrix/printable"
)

// output is standard output or standard error as commands write to it: whatever
// drives a terminal is taken out, whoever said it, a guest, a mirror or a stored run.
type output struct {
	mu    sync.Mutex
	clean *printable.Writer
	// raw is the stream itself.
	raw io.Writer
}

func newOutput(raw io.Writer) *output {
	return &output{clean: printable.NewWriter(raw), raw: raw}
}

// Write writes what prints. Several may write at once.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.clean.Write(p)
}

// flush writes what a last piece left open.
func (o *output) flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.clean.Flush()
}

// rawStream returns the stream behind an output: for what drives the terminal itself,
// which are the table's colours, the live line and a guest's shell.
func rawStream(w io.Writer) io.Writer {
	if o, ok := w.(*output); ok {
		return o.raw
	}
	return w
}
