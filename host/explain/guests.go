package explain

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// guestsOf picks the guests that a cell was asked in: the one of its result, and
// that of its other attempt.
func guestsOf(all []matrix.Guest, r matrix.Result) []matrix.Guest {
	sessions := []int{r.Session}
	if r.Other != nil {
		sessions = append(sessions, r.Other.Session)
	}
	var list []matrix.Guest
	for _, g := range all {
		if g.Kernel == r.Kernel && g.Machine == r.Machine && g.Boot == r.Boot && slices.Contains(sessions, g.Session) {
			list = append(list, g)
		}
	}
	return list
}

// guests writes how the guests of a cell ended, and where the evidence lies:
// what belongs to other probes of the same guest is left out.
func (w *writer) guests(e Explanation) {
	for _, g := range e.Guests {
		what := fmt.Sprintf("number %d of the boot", g.Session)
		if g.Clone {
			what += ", a clone of it"
		}
		if len(e.Guests) > 1 && g.Session != e.Session {
			what += ", of the other attempt"
		}
		w.line("guest", what)
		var events []string
		for _, ev := range g.Events {
			events = append(events, strings.TrimSpace(ev.Name+" "+ev.Reason))
		}
		w.line("  ended", strings.TrimSuffix(fmt.Sprintf("after %.3g s, in phase %s; %s", g.Seconds, g.Phase, g.Exit), "; "))
		if g.Outcome != "" && g.Probe != e.Probe {
			w.line("  ended by", strings.TrimSpace(fmt.Sprintf("%s %s: %s", g.Outcome, g.Probe, g.Detail)))
		}
		w.line("  QEMU's events", strings.Join(events, ", "))
		w.line("  QEMU said", g.Stderr)
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
			w.line("  evidence", text)
		}
	}
}
