package probe

import (
	"fmt"
	"os"
)

// pages are the counters of /proc/fs/splice, which kernels with the series
// splice-fix-corruption have: how many pages were copied and moved into pipes.
type pages struct{ copied, moved int }

// countPages reads the counters; false where there are none.
func countPages() (pages, bool) {
	text, err := os.ReadFile("/proc/fs/splice")
	if err != nil {
		return pages{}, false
	}
	var p pages
	_, err = fmt.Sscanf(string(text), "copied %d\nmoved %d\n", &p.copied, &p.moved)
	return p, err == nil
}

// since says what was counted since an earlier reading; "" where there are no
// counters.
func (p pages) since() string {
	now, ok := countPages()
	if !ok {
		return ""
	}
	return fmt.Sprintf("copied %d pages, moved %d", now.copied-p.copied, now.moved-p.moved)
}
