package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"kmatrix/guest/wire"
	"kmatrix/matrix"
	"kmatrix/matrix/printable"
)

// Limits of what a hello keeps.
const (
	maxHello = 64 << 10
	maxItems = 256
	maxItem  = 512
	maxCount = 1 << 30
)

// Hello asks the guest what it is. Sizes are capped and texts cleaned.
func (g *Guest) Hello(ctx context.Context) (matrix.Hello, error) {
	var (
		hello matrix.Hello
		out   bytes.Buffer
	)
	if err := g.exec(ctx, wire.CommandHello, nil, func(r io.Reader) error {
		_, err := out.ReadFrom(io.LimitReader(r, maxHello))
		return err
	}); err != nil {
		return hello, fmt.Errorf("hello: %w", err)
	}
	if err := json.Unmarshal(out.Bytes(), &hello); err != nil {
		return hello, fmt.Errorf("hello: %w", err)
	}
	cleanHello(&hello)
	return hello, nil
}

func cleanHello(h *matrix.Hello) {
	for _, s := range []*string{&h.Version, &h.Release, &h.Clocksource, &h.Transport} {
		*s = printable.Line(*s, maxItem)
	}
	h.Cmdline = printable.Line(h.Cmdline, wire.MaxDetail)
	h.MemoryMiB, h.CPUs = max(0, min(h.MemoryMiB, maxCount)), max(0, min(h.CPUs, maxCount))
	h.BootSeconds = max(0, min(h.BootSeconds, maxCount))
	for _, list := range []*[]string{&h.Mounted, &h.Modules} {
		*list = slices.Clone((*list)[:min(len(*list), maxItems)])
		for i := range *list {
			(*list)[i] = printable.Line((*list)[i], maxItem)
		}
	}
	for _, m := range []*map[string]string{&h.Refused, &h.ModuleErrors} {
		clean := map[string]string{}
		for k, v := range *m {
			if len(clean) < maxItems {
				clean[printable.Line(k, maxItem)] = printable.Line(v, maxItem)
			}
		}
		*m = clean
	}
}
