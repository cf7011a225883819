package store

import (
	"bytes"
	"testing"
)

// FuzzResults reads the results of a stored run, as another host, or a power cut,
// may have left them: no cell and boot comes twice.
func FuzzResults(f *testing.F) {
	f.Add([]byte(`{"kernel":"6.1","machine":"m","probe":"p","boot":1,"outcome":"pass","cell":"6.1/m/p","seconds":0.1}` + "\n" + `{"kernel`))
	f.Fuzz(func(t *testing.T, text []byte) {
		all := newTally()
		warnings, err := scanLines(bytes.NewReader(text), "results.jsonl", all.take)
		counted, earlier := all.counted()
		type key struct {
			cell string
			boot int
		}
		seen := map[key]bool{}
		for _, r := range counted {
			k := key{r.Cell, r.Boot}
			if seen[k] {
				t.Errorf("%+v is there twice", k)
			}
			seen[k] = true
		}
		if n := bytes.Count(text, []byte("\n")); err == nil && len(counted)+len(earlier)+len(warnings) < n {
			t.Errorf("of %d lines %d are read, with %q", n, len(counted)+len(earlier), warnings)
		}
	})
}
