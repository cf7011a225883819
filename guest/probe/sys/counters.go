package sys

import (
	"fmt"
	"os"
)

// Pages are the counters of /proc/fs/splice, which kernels with the series
// splice-fix-corruption have: how many pages were copied and moved into pipes.
type Pages struct{ Copied, Moved int }

// CountPages reads the counters; false where there are none.
func CountPages() (Pages, bool) {
	text, err := os.ReadFile("/proc/fs/splice")
	if err != nil {
		return Pages{}, false
	}
	var p Pages
	_, err = fmt.Sscanf(string(text), "copied %d\nmoved %d\n", &p.Copied, &p.Moved)
	return p, err == nil
}

// Since returns what was counted since an earlier reading, as a text; "" where there are no
// counters.
func (p Pages) Since() string {
	now, ok := CountPages()
	if !ok {
		return ""
	}
	return fmt.Sprintf("copied %d pages, moved %d", now.Copied-p.Copied, now.Moved-p.Moved)
}
