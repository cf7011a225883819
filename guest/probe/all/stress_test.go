package all

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"kmatrix/guest/probe"
	"kmatrix/matrix"
)

// TestStressOnThisKernel gives this machine's kernel a little of what guests get:
// no kernel may show torn data, and where nobody changes what a pipe was filled
// from, all must be stable.
func TestStressOnThisKernel(t *testing.T) {
	dir := t.TempDir()
	env := &probe.Env{Dirs: map[string]string{"ext4": dir, "tmpfs": dir}, Budget: 30 * time.Millisecond}
	asked := 0
	for _, p := range probe.All() {
		if p.Kind != matrix.Stress || p.Needs != "" && env.Dirs[p.Needs] == "" || strings.Contains(p.Name, "/pressure/") || strings.Contains(p.Name, "/all/") {
			continue // taking all memory is for guests
		}
		began := time.Now()
		found, err := p.Run(t.Context(), env)
		var lacking *probe.UnsupportedError
		if errors.As(err, &lacking) && len(p.Features) > 0 {
			t.Logf("%s: %v", p.Name, err)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		asked++
		o := found.Observation
		t.Logf("%s: %s in %s: %s", p.Name, o.Class, time.Since(began).Round(time.Millisecond), found.Detail)
		if o.Bytes == 0 || !matrix.Reference.Allows(o.Class) || !strings.HasPrefix(p.Name, "stress/splice-race/") && o.Class != matrix.Stable {
			t.Errorf("%s: %+v", p.Name, o)
		}
	}
	if asked < 15 {
		t.Errorf("only %d probes were asked", asked)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%d files are left behind (%v)", len(left), err)
	}
}
