package series

import (
	"errors"
	"strings"
	"testing"
)

// FuzzParse reads a series of any form: it is refused by name, or its patches are
// whole and in their order, each once.
func FuzzParse(f *testing.F) {
	f.Add([]byte(page()))
	f.Add([]byte(mailOf(1, 1, diff("a"))))
	f.Add([]byte(mailOf(2, 2, diff("b")) + mailOf(1, 2, diff("a"))))
	f.Fuzz(func(t *testing.T, text []byte) {
		patches, err := Parse("f", text)
		var bad *Error
		if err != nil {
			if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), "f: ") {
				t.Errorf("%v is no error that names the file", err)
			}
			return
		}
		for _, p := range patches {
			if p.Diff != "" && !strings.HasPrefix(p.Diff, "diff --git ") {
				t.Errorf("a diff begins with %.20q", p.Diff)
			}
			if min(p.Number, p.Total, p.Stat.Files, p.Stat.Insertions, p.Stat.Deletions) < 0 {
				t.Errorf("a patch is %+v", p)
			}
		}
		s, err := order("f", patches)
		if err != nil {
			if !errors.As(err, &bad) {
				t.Errorf("%v is no error of the series", err)
			}
			return
		}
		for i, p := range s.Patches {
			if total := s.Patches[0].Total; total > 0 && (p.Number != i+1 || len(s.Patches) != total) {
				t.Errorf("patch %d/%d is number %d of %d", p.Number, p.Total, i+1, len(s.Patches))
			}
		}
		_, _ = s.Digest(), s.Files()
	})
}
