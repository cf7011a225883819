package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// guestsOf picks the guests that a cell was asked in: the one of its result, and
// that of its other try.
func guestsOf(all []matrix.Guest, r matrix.Result) []matrix.Guest {
	lives := []int{r.Life}
	if r.Other != nil {
		lives = append(lives, r.Other.Life)
	}
	var list []matrix.Guest
	for _, g := range all {
		if g.Kernel == r.Kernel && g.Machine == r.Machine && g.Boot == r.Boot && slices.Contains(lives, g.Life) {
			list = append(list, g)
		}
	}
	return list
}

// explainGuests writes how the guests of a cell ended, and where the evidence lies:
// what belongs to other probes of the same guest is left out.
func explainGuests(e explanation, line func(name, value string)) {
	for _, g := range e.Guests {
		what := fmt.Sprintf("number %d of the boot", g.Life)
		if g.Clone {
			what += ", a clone of it"
		}
		if len(e.Guests) > 1 && g.Life != e.Life {
			what += ", of the other try"
		}
		line("guest", what)
		var events []string
		for _, ev := range g.Events {
			events = append(events, strings.TrimSpace(ev.Name+" "+ev.Reason))
		}
		line("  ended", strings.TrimSuffix(fmt.Sprintf("after %.3g s, in phase %s; %s", g.Seconds, g.Phase, g.Exit), "; "))
		if g.Outcome != "" && g.Probe != e.Probe {
			line("  ended by", strings.TrimSpace(fmt.Sprintf("%s %s: %s", g.Outcome, g.Probe, g.Detail)))
		}
		line("  QEMU's events", strings.Join(events, ", "))
		line("  QEMU said", g.Stderr)
		for _, ev := range g.Evidence {
			if ev.Probe != "" && ev.Probe != e.Probe {
				continue
			}
			text := ev.What
			if ev.File != "" {
				text = filepath.Join(e.Run, ev.File) + ": " + text
			}
			if ev.Error != "" {
				text += ": " + ev.Error
			}
			line("  evidence", text)
		}
	}
}
