package series

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"kmatrix/vmimage/sourcetest"

	"github.com/ulikunitz/xz"
)

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func xzed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z, err := xz.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	z.Write([]byte(text))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPlaces reads the series a1, b1 from wherever it may lie.
func TestPlaces(t *testing.T) {
	a, b := mailOf(1, 2, diff("a1")), mailOf(2, 2, diff("b1"))
	eml := func(mail string) string { _, rest, _ := strings.Cut(mail, "\n"); return rest }
	const whole = "v1; 1/2 v1 change 1 a1; 2/2 v1 change 2 b1"
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"patches":           {map[string]string{"0000-cover-letter.patch": mailed("c", "[PATCH 0/2] both", "Cover."), "0001-a.patch": a, "0002-b.patch": b, "README": "text"}, whole},
		"compressed":        {map[string]string{"0001-a.patch.gz": zipped(t, a), "0002-b.patch.xz": xzed(t, b)}, whole},
		"mails":             {map[string]string{"b.eml": eml(b), "a.EML": eml(a)}, whole},
		"a Maildir":         {map[string]string{"cur/1738.M1:2,S": eml(b), "new/1739.M2": eml(a), "tmp/1740.M3": a}, whole},
		"an mbox, and text": {map[string]string{"v1.mbox": b + a, "v1.txt": "text"}, whole},
		"quilt's": {map[string]string{
			"series":        "# the series\n\nz-first.patch\nsub/a-second.patch -p1 # why\n#not.patch\n",
			"not.patch":     diff("n"),
			"z-first.patch": "From: A <a@example.invalid>\nSubject: change 1\n\nWhy.\n---\n" + plainOf(diff("a1")), "sub/a-second.patch": "Subject: change 2\n\n" + plainOf(diff("b1")),
		}, whole},
	} {
		s, err := read(t, sourcetest.Files(t, test.files))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := brief(s); got != test.want {
			t.Errorf("%s: got  %s\nwant %s", name, got, test.want)
		}
	}
	for name, files := range map[string]map[string]string{
		"holds no *.patch":                    {"README": "text"},
		"series: line 1: a.patch has -p0":     {"series": "a.patch -p0\n", "a.patch": a},
		"../a.patch lies outside":             {"series": "../a.patch\n"},
		"series: it lists no patch":           {"series": "# none\n"},
		"no such file":                        {"series": "a.patch\n"},
		"0001-a.patch.gz: it is gzip and doe": {"0001-a.patch.gz": zipped(t, a)[:60]},
	} {
		if _, err := read(t, sourcetest.Files(t, files)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want …%s…, got %v", name, err)
		}
	}
}

// TestSeveralFiles are parts of a series, or series one after the other.
func TestSeveralFiles(t *testing.T) {
	a, b := write(t, "a", mailOf(1, 2, diff("a1"))), write(t, "b", mailOf(2, 2, diff("b1")))
	both := write(t, "both", mailOf(1, 2, diff("c1"))+mailOf(2, 2, diff("d1")))
	cover := write(t, "cover", mailed("c", "[PATCH 0/2] both", "Cover."))
	loose := write(t, "loose", mailed("l", "[PATCH v3] l", patchTo("l1")))
	for _, test := range []struct {
		files []string
		want  string
	}{
		{[]string{b, a}, "v1; 1/2 v1 change 1 a1; 2/2 v1 change 2 b1"},
		{[]string{cover, a, b}, "v1; 1/2 v1 change 1 a1; 2/2 v1 change 2 b1"},
		{[]string{a, b, cover}, "v1; 1/2 v1 change 1 a1; 2/2 v1 change 2 b1"},
		{[]string{both, b, a, loose}, "v3; 1/2 v1 change 1 c1; 2/2 v1 change 2 d1; 1/2 v1 change 1 a1; 2/2 v1 change 2 b1; 1/1 v3 l l1"},
	} {
		s, err := read(t, test.files...)
		if err != nil {
			t.Errorf("%v: %v", test.files, err)
			continue
		}
		if got := brief(s); got != test.want {
			t.Errorf("%v: got  %s\nwant %s", test.files, got, test.want)
		}
	}
	for want, files := range map[string][]string{
		"patch 2/2 is missing":            {loose, a},
		`"change 1", is there twice`:      {both, write(t, "again", mailOf(1, 1, diff("c1")))},
		"a cover letter, \"both\", and n": {cover},
		"no such file or directory":       {a, "none"},
	} {
		if _, err := read(t, files...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want …%s…, got %v", want, err)
		}
	}
}
