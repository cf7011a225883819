package series

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse reads a series of any form: it is refused by name, or its patches are
// whole and in their order, each once, and no message with a diff is left out without
// a word.
func FuzzParse(f *testing.F) {
	f.Add([]byte(page()))
	f.Add([]byte(mailOf(1, 1, diff("a"))))
	f.Add([]byte(mailOf(2, 2, diff("b")) + mailOf(1, 2, diff("a"))))
	f.Add([]byte(multipart("mixed", text+why, attachment+"Content-Transfer-Encoding: base64\n\n"+encoded(firstDiff))))
	f.Add([]byte(multipart("alternative", text+why+firstDiff, "Content-Type: text/html\n\n<div></div>\n")))
	f.Add([]byte(attachedTo("[PATCH 0/2] both", mailOf(1, 2, diff("a")), mailOf(2, 2, diff("b")))))
	f.Add([]byte(two(lore) + mailed("v", "[PATCH v2 1/2] first", patchTo("v2"), "x")))
	samples, err := filepath.Glob("testdata/saved/*")
	if err != nil || samples == nil {
		f.Fatalf("no samples: %v", err)
	}
	for _, name := range samples {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := Read(t.Context(), File{Name: "f", Text: file})
		var bad *Error
		if err != nil {
			if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), "f:") {
				t.Errorf("%v is no error that names the file", err)
			}
			return
		}
		if len(s.Patches) == 0 {
			t.Error("a series without a patch")
		}
		for i, p := range s.Patches {
			if !strings.HasPrefix(p.Diff, "diff --git ") && !strings.HasPrefix(p.Diff, "--- ") {
				t.Errorf("a diff begins with %.20q", p.Diff)
			}
			if p.Number != i+1 || p.Total < 1 || p.Revision < 1 || p.Revision > s.Revision {
				t.Errorf("patch %d is %d/%d of version %d, and the series of version %d", i+1, p.Number, p.Total, p.Revision, s.Revision)
			}
			if min(p.Stat.Files-1, p.Stat.Insertions, p.Stat.Deletions) < 0 {
				t.Errorf("patch %d changes %+v", i+1, p.Stat)
			}
			again, err := findDiff(p.Diff)
			if err != nil || join(again) != p.Diff {
				t.Errorf("the diff of patch %d does not read as it was written: %v", i+1, err)
			}
		}
		messages, err := File{Name: "f", Text: file}.messages(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			taken := false
			for _, p := range s.Patches {
				taken = taken || p.Origin == m.Origin || p.Diff == m.Diff
			}
			if len(m.sections) > 0 && !taken && !m.isCover() && len(s.Notes) == 0 {
				t.Errorf("%s has a diff that nobody told of", m.Origin)
			}
		}
		_, _ = s.Digest(), s.Files()
	})
}
