package series

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// mailed is a mail with an ID that may answer others.
func mailed(id, subject, body string, answers ...string) string {
	headers := subjectOf(subject) + "Message-ID: <" + id + "@x>\n"
	if len(answers) > 0 {
		headers += "References: <" + strings.Join(answers, "@x>\n\t<") + "@x>\n"
	}
	return saved(lore, headers, body)
}

// patchTo changes line four to a word.
func patchTo(word string) string { return why + diff(word) + "-- \n2.39.5\n" }

// brief is a series in a line: version, then number, total, version, title and the word
// that line four becomes.
func brief(s *Series) string {
	line := fmt.Sprintf("v%d", s.Revision)
	for _, p := range s.Patches {
		word := regexp.MustCompile(`(?m)^\+(\w+)$`).FindStringSubmatch(p.Diff)
		line += fmt.Sprintf("; %d/%d v%d %s %s", p.Number, p.Total, p.Revision, p.Subject, word[1])
	}
	return line
}

// TestThreads reads threads of which not every mail is to be applied.
func TestThreads(t *testing.T) {
	v1 := mailed("c1", "[PATCH 0/2] both", "Cover.") + mailed("a1", "[PATCH 1/2] a", patchTo("a1"), "c1") + mailed("b1", "[PATCH 2/2] b", patchTo("b1"), "c1")
	v2 := mailed("c2", "[PATCH v2 0/2] both", "Cover.", "c1") + mailed("b2", "[PATCH v2 2/2] b", patchTo("b2"), "c1", "c2") + mailed("a2", "[PATCH v2 1/2] a", patchTo("a2"), "c1", "c2")
	quotes := "On a day A wrote:\n> " + strings.ReplaceAll(patchTo("a1"), "\n", "\n> ") + "\nNo.\n"
	flowed := "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8; format=flowed\n"
	damagedDiff := strings.Replace(patchTo("bad"), " three\n", " thr\nee\n", 1)
	for name, test := range map[string]struct{ text, want, note string }{
		"replies":                   {v1 + mailed("r", "Re: [PATCH 1/2] a", quotes, "c1", "a1"), "v1; 1/2 v1 a a1; 2/2 v1 b b1", ""},
		"a reply with a diff":       {v1 + mailed("r", "Re: [PATCH 1/2] a", quotes+diff("r"), "c1", "a1"), "v1; 1/2 v1 a a1; 2/2 v1 b b1", `patch 1/2, "a" is a reply: its diff is left out`},
		"a list before Re":          {v1 + mailed("r", "[list] Re: [PATCH 1/2] a", quotes+diff("r"), "c1", "a1"), "v1; 1/2 v1 a a1; 2/2 v1 b b1", "is a reply"},
		"AW":                        {v1 + mailed("r", "AW: [PATCH 1/2] a", quotes+diff("r"), "c1", "a1"), "v1; 1/2 v1 a a1; 2/2 v1 b b1", "is a reply"},
		"a flowed reply":            {v1 + saved(lore, subjectOf("Re: [PATCH 1/2] a")+flowed, "> one\n"+diff("r")), "v1; 1/2 v1 a a1; 2/2 v1 b b1", "is a reply"},
		"a reply alone":             {mailed("r", "Re: a bug", "Does this help?\n\n"+diff("r"), "x"), "v1; 1/1 v1 a bug r", ""},
		"a reply and a discussion":  {mailed("x", "a bug", "Help!") + mailed("r", "Re: a bug", "Does this help?\n\n"+diff("r"), "x"), "v1; 1/1 v1 a bug r", ""},
		"two versions":              {v2 + v1, "v2; 1/2 v2 a a2; 2/2 v2 b b2", "versions 1 and 2 are in it: version 2 is taken"},
		"another number":            {v1 + mailed("a3", "[PATCH v3 1/1] a", patchTo("a3"), "c1"), "v3; 1/1 v3 a a3", "versions 1 and 3 are in it: version 3 is taken"},
		"a damaged older one":       {strings.Replace(v1, " three\n", " thr\nee\n", 1) + v2, "v2; 1/2 v2 a a2; 2/2 v2 b b2", "version 2 is taken"},
		"a part of an older one":    {mailed("b1", "[PATCH 2/2] b", patchTo("b1")) + v2, "v2; 1/2 v2 a a2; 2/2 v2 b b2", "version 2 is taken"},
		"one patch again":           {v1 + mailed("b2", "[PATCH v2 2/2] b", patchTo("b2"), "c1", "b1"), "v2; 1/2 v1 a a1; 2/2 v2 b b2", "of version 2 only 2/2 is in it, sent in reply to the version before"},
		"one patch again and again": {v1 + mailed("b2", "[PATCH v2 2/2] b", patchTo("b2"), "c1", "b1") + mailed("b3", "[PATCH v3 2/2] b", patchTo("b3"), "c1", "b1", "b2"), "v3; 1/2 v1 a a1; 2/2 v3 b b3", "versions 1, 2 and 3 are in it"},
		"one without its number":    {v1 + mailed("b2", "[PATCH v2] b, better", patchTo("b2"), "c1", "b1"), "v2; 1/2 v1 a a1; 2/2 v2 b, better b2", `"b, better" is taken in place of patch 2/2, "b"`},
		"all in one":                {v1 + mailed("s", "[PATCH v2] both at once", patchTo("s"), "c1"), "v2; 1/1 v2 both at once s", "a series of 2 patches and version 2 without numbers are in it: version 2 is taken"},
		"an older one, loose":       {mailed("s", "[PATCH] both at once", patchTo("s")) + v2, "v2; 1/2 v2 a a2; 2/2 v2 b b2", `"both at once" is of version 1: its diff is left out`},
		"a robot's":                 {v2 + mailed("k", "[PATCH] fix a warning", patchTo("k"), "a2"), "v2; 1/2 v2 a a2; 2/2 v2 b b2", `"fix a warning" is a reply: its diff is left out`},
		"a discussion":              {v2 + mailed("k", "[RFC] what next", "Text.", "a2"), "v2; 1/2 v2 a a2; 2/2 v2 b b2", ""},
		"sent again":                {v1 + mailed("a1r", "[PATCH RESEND 1/2] a", patchTo("a1r")) + mailed("b1r", "[RESEND PATCH 2/2] b", patchTo("b1r")), "v1; 1/2 v1 a a1r; 2/2 v1 b b1r", "version 1 was sent twice: what was sent last is taken"},
		"one sent again":            {v1 + mailed("a1r", "[PATCH RESEND 1/2] a", patchTo("a1r")), "v1; 1/2 v1 a a1r; 2/2 v1 b b1", "the one that was sent again is taken"},
		"sent again as it was":      {v1 + mailed("a1r", "[PATCH 1/2] a", patchTo("a1")), "v1; 1/2 v1 a a1; 2/2 v1 b b1", "patch 1/2 is there twice"},
		"on two lists":              {v1 + v1, "v1; 1/2 v1 a a1; 2/2 v1 b b1", ""},
		"on two lists, one damaged": {mailed("a1", "[PATCH 1/2] a", damagedDiff, "c1") + v1, "v1; 1/2 v1 a a1; 2/2 v1 b b1", "the other is damaged"},
		"one more":                  {v1 + mailed("d1", "[PATCH 3/2] d", patchTo("d1"), "c1"), "v1; 1/2 v1 a a1; 2/2 v1 b b1; 3/2 v1 d d1", ""},
		"a cover letter's diff":     {mailed("c1", "[PATCH 0/2] both", "Interdiff:\n"+diff("c")) + v1, "v1; 1/2 v1 a a1; 2/2 v1 b b1", ""},
		"a cover letter's version":  {mailed("c1", "[PATCH v2 0/1] both", "Cover.") + mailed("a1", "[PATCH 1/1] a", patchTo("a1"), "c1"), "v1; 1/1 v1 a a1", ""},
		"without numbers":           {mailed("a1", "[PATCH] a", patchTo("a1")) + mailed("a2", "[PATCH v2] a", patchTo("a2")), "v2; 1/1 v2 a a2", "versions 1 and 2 are in it: version 2 is taken"},
		"without, renamed":          {mailed("a2", "[PATCH v2] a, better", patchTo("a2"), "a1") + mailed("a1", "[PATCH] a", patchTo("a1")), "v2; 1/1 v2 a, better a2", "versions 1 and 2 are in it: version 2 is taken"},
		"without, sent again":       {mailed("a1", "[PATCH] a", patchTo("a1")) + mailed("a2", "[PATCH RESEND] a", patchTo("a2")), "v1; 1/1 v1 a a2", "the one that was sent again is taken"},
		"without, a title twice":    {mailed("a1", "[PATCH] a", patchTo("a1")) + mailed("b1", "[PATCH] a", patchTo("b1")), "v1; 1/2 v1 a a1; 2/2 v1 a b1", ""},
		"without a tag":             {mailed("a1", "a", patchTo("a1")) + mailed("b1", "b", patchTo("b1")), "v1; 1/2 v1 a a1; 2/2 v1 b b1", ""},
		"without, a comment":        {mailed("a1", "[PATCH] a", patchTo("a1")) + mailed("b1", "b", patchTo("b1"), "a1"), "v1; 1/1 v1 a a1", `"b" is a reply without a tag`},
		"without, a cover letter":   {mailed("c1", "[PATCH] both", "Cover.\n\n f | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n") + mailed("a1", "[PATCH] a", patchTo("a1")), "v1; 1/1 v1 a a1", ""},
		"Gmail's export":            {strings.ReplaceAll(v1, lore, "From 1583463279414171937@xxx Wed Nov 08 12:07:58 +0000 2017\n"), "v1; 1/2 v1 a a1; 2/2 v1 b b1", ""},
		"pasted":                    {mailed("a1", "[PATCH] a", "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: R <r@example.invalid>\nDate: Mon, 10 Nov 2025 12:46:42 +0100\nSubject: [PATCH v2 1/1] a, as it was\n\n"+patchTo("a1")), "v2; 1/1 v2 a, as it was a1", ""},
		"a line like a separator":   {mailed("a1", "[PATCH] a", "From me, at 17:42:19 2025\nthis came.\n"+patchTo("a1")), "v1; 1/1 v1 a a1", ""},
		"signed in place":           {mailed("a1", "[PATCH] a", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"+strings.ReplaceAll("\n"+patchTo("a1"), "\n-", "\n- -")[1:]+"-----BEGIN PGP SIGNATURE-----\n\niHUEABYKAB0W\n=abcd\n-----END PGP SIGNATURE-----\n"), "v1; 1/1 v1 a a1", ""},
		"inline and attached":       {saved(lore, subjectOf("[PATCH] a")+mustHeaders("mixed", text+patchTo("a1"), attachment+"\n"+diff("a1"))[0], mustHeaders("mixed", text+patchTo("a1"), attachment+"\n"+diff("a1"))[1]), "v1; 1/1 v1 a a1", ""},
		"a CRLF in base64":          {saved(lore, subjectOf("[PATCH] a")+plain+"Content-Transfer-Encoding: base64\n", encoded(strings.ReplaceAll(patchTo("a1"), "\n", "\r\n"))), "v1; 1/1 v1 a a1", ""},
		"a footer behind base64":    {saved(lore, subjectOf("[PATCH] a")+plain+"Content-Transfer-Encoding: base64\n", encoded(patchTo("a1"))+"_______________________________________________\nlist mailing list\n"), "v1; 1/1 v1 a a1", ""},
		"attached, with headers":    {attachedTo("please take this", mailOf(1, 1, diff("a1"))), "v1; 1/1 v1 change 1 a1", ""},
		"attached to a patch":       {attachedTo("[PATCH v4] a", mailOf(1, 1, diff("a1"))), "v4; 1/1 v4 a a1", ""},
		"two attached":              {attachedTo("[PATCH 0/2] both", mailOf(1, 2, diff("a1")), mailOf(2, 2, diff("b1"))), "v1; 1/2 v1 change 1 a1; 2/2 v1 change 2 b1", ""},
		"an mbox attached":          {attachedTo("please take this", mailOf(2, 2, diff("b1"))+mailOf(1, 2, diff("a1"))), "v1; 1/2 v1 change 1 a1; 2/2 v1 change 2 b1", ""},
		"forwarded":                 {strings.ReplaceAll(attachedTo("Fwd: patches", strings.TrimPrefix(v1, lore)), "text/x-patch", "message/rfc822"), "v1; 1/2 v1 a a1; 2/2 v1 b b1", ""},
		"a byte order mark":         {"\xef\xbb\xbf" + v1, "v1; 1/2 v1 a a1; 2/2 v1 b b1", ""},
		"a bare patch":              {diff("a1"), "v1; 1/1 v1 s a1", ""},
		"a bare one with a title":   {"a title\n\nWhy.\n---\n" + diff("a1"), "v1; 1/1 v1 a title a1", ""},
		"Mercurial's export":        {"# HG changeset patch\n# User A <a@example.invalid>\n# Parent 0123\na title\n\n" + diff("a1"), "v1; 1/1 v1 a title a1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := read(t, write(t, "s", test.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := brief(s); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if notes := strings.Join(s.Notes, "\n"); !strings.Contains(notes, test.note) || (test.note == "") != (notes == "") {
				t.Errorf("its notes are %q", notes)
			}
		})
	}
}

func mustHeaders(kind string, each ...string) [2]string {
	headers, body := parts(kind, each...)
	return [2]string{headers, body}
}

// attachedTo is a mail with patches attached that have headers of their own.
func attachedTo(subject string, patches ...string) string {
	each := []string{text + "See the attachment.\n"}
	for i, p := range patches {
		each = append(each, strings.ReplaceAll(attachment, "0001", fmt.Sprintf("%04d", i+1))+"\n"+p)
	}
	headers, body := parts("mixed", each...)
	return saved(lore, subjectOf(subject)+headers, body)
}

// TestThreadsThatAreRefused are those of which it is not clear what to apply.
func TestThreadsThatAreRefused(t *testing.T) {
	v1 := mailed("a1", "[PATCH 1/2] a", patchTo("a1")) + mailed("b1", "[PATCH 2/2] b", patchTo("b1"))
	html := func(subject string) string {
		return saved(lore, subjectOf(subject)+"MIME-Version: 1.0\nContent-Type: text/html\n", "<div>diff --git a/f b/f</div>")
	}
	for name, test := range map[string]struct{ text, want string }{
		"some are missing":           {mailed("a", "[PATCH 1/5] a", patchTo("a")) + mailed("c", "[PATCH 3/5] c", patchTo("c")), "s: patches 2/5, 4/5 and 5/5 are missing"},
		"many are missing":           {mailed("a", "[PATCH 1/999] a", patchTo("a")), "9/999, 10/999, 11/999 and 988 more are missing"},
		"a part of a newer version":  {v1 + mailed("a2", "[PATCH v2 1/2] a", patchTo("a2"), "x"), "patch 2/2 is missing of version 2; version 1 is whole"},
		"a newer cover letter":       {v1 + mailed("c2", "[PATCH v2 0/2] both", "Cover."), "version 2 has only its cover letter here"},
		"a cover letter":             {mailed("c2", "[PATCH 0/2] both", diff("c")), `a cover letter, "both", and no patch`},
		"another series":             {v1 + mailed("x", "[PATCH 3/3] x", patchTo("x")), "stands among those of a series of 2"},
		"another patch":              {v1 + mailed("x", "[PATCH] x", patchTo("x")), `"x" is no part of the series of 2 patches beside it`},
		"two versions of two things": {mailed("a1", "[PATCH] a", patchTo("a1")) + mailed("b1", "[PATCH v2] b", patchTo("b1")), `"a", version 1, and "b", version 2`},
		"twice and not the same":     {v1 + mailed("x", "[PATCH 1/2] a", patchTo("x")), "patch 1/2 of version 1 is there twice, with other changes"},
		"replies":                    {mailed("a", "Re: bug", diff("a")) + mailed("b", "Re: bug", diff("b")), "no patch, and 2 replies with diffs"},
		"one has no diff":            {mailed("a", "[PATCH] a", patchTo("a")) + mailed("b", "[PATCH] b", "An attachment was scrubbed.\n"), `"b", has no diff: where an archive took its attachment away`},
		"one of two has no diff":     {mailed("a", "[PATCH 1/2] a", patchTo("a")) + mailed("b", "[PATCH 2/2] b", "Lost.\n"), `patch 2/2, "b", has no diff`},
		"HTML":                       {html("[PATCH 1/1] a"), "it is HTML only"},
		"encrypted":                  {saved(lore, subjectOf("[PATCH 1/1] a")+mustHeaders("encrypted", "Content-Type: application/pgp-encrypted\n\nVersion: 1\n")[0], mustHeaders("encrypted", "Content-Type: application/pgp-encrypted\n\nVersion: 1\n")[1]), "its parts are application/pgp-encrypted"},
	} {
		_, err := read(t, write(t, "s", test.text))
		var bad *Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
