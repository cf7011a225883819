package series

import (
	"encoding/base64"
	"fmt"
	"mime/quotedprintable"
	"path/filepath"
	"strings"
	"testing"
)

// first and second are patches to f, one after the other.
var (
	firstDiff  = diff("FOUR")
	secondDiff = second
)

// saved is a mail as a program saves it: what separates it from others, headers and
// text.
func saved(separator, headers, body string) string { return separator + headers + "\n" + body + "\n" }

// subjectOf is a mail's usual headers.
func subjectOf(subject string) string {
	return "From: A Hacker <a@example.invalid>\nDate: Mon, 10 Nov 2025 12:46:42 +0100\nSubject: " + subject + "\n"
}

const (
	lore  = "From mboxrd@z Thu Jan  1 00:00:00 1970\n"
	plain = "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
)

// two are two patches in the separators of a program, the second one first.
func two(separator string) string {
	return saved(separator, subjectOf("[PATCH 2/2] second"), "Why.\n---\n f | 2 +-\n\n"+secondDiff+"-- \n2.39.5\n") +
		saved(separator, subjectOf("[PATCH 1/2] first"), "Why.\n---\n f | 2 +-\n\n"+firstDiff+"-- \n2.39.5\n")
}

// one is a patch in a body, behind the headers of a mail.
func one(headers, body string) string {
	return saved(lore, subjectOf("[PATCH] first")+headers, body)
}

func quoted(text string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return strings.ReplaceAll(b.String(), "\r\n", "\n")
}

// encoded is base64 in lines of 76.
func encoded(text string) string {
	all := base64.StdEncoding.EncodeToString([]byte(text))
	var b strings.Builder
	for len(all) > 76 {
		b.WriteString(all[:76] + "\n")
		all = all[76:]
	}
	return b.String() + all + "\n"
}

// parts is a multipart body, each part with its headers.
func parts(kind string, each ...string) (headers, body string) {
	const boundary = "=_b1-x"
	for _, p := range each {
		body += "--" + boundary + "\n" + p + "\n"
	}
	return fmt.Sprintf("MIME-Version: 1.0\nContent-Type: multipart/%s;\n boundary=%q\n", kind, boundary), "This is a multi-part message.\n" + body + "--" + boundary + "--\n"
}

func multipart(kind string, each ...string) string { return one(parts(kind, each...)) }

const (
	text       = "Content-Type: text/plain; charset=UTF-8\n\n"
	signature  = "Content-Type: application/pgp-signature; name=\"signature.asc\"\n\n-----BEGIN PGP SIGNATURE-----\n\niHUEABYKAB0WIQQ=\n=abcd\n-----END PGP SIGNATURE-----\n"
	attachment = "Content-Type: text/x-patch; name=\"0001-first.patch\"\nContent-Disposition: attachment; filename=\"0001-first.patch\"\n"
	why        = "Why.\n---\n f | 2 +-\n\n"
)

// flow makes format=flowed of a text, as its senders should.
func flow(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "From ") || strings.HasPrefix(line, ">") {
			line = " " + line
		}
		b.WriteString(line)
	}
	return b.String()
}

// TestAsGitReadsThem holds the reading of mails, as programs save them, against git
// mailsplit, git mailinfo and git apply.
func TestAsGitReadsThem(t *testing.T) {
	for name, test := range map[string]struct {
		text  string
		order []int
	}{
		// What separates mails.
		"Thunderbird":               {two("From - Thu Feb  6 17:42:19 2025\nX-Mozilla-Status: 0001\nX-Mozilla-Status2: 00800000\nX-Mozilla-Keys:                                         \n"), []int{2, 1}},
		"mutt":                      {two("From a@example.invalid Thu Feb  6 17:42:19 2025\n"), []int{2, 1}},
		"mutt, a zone":              {two("From a@example.invalid Thu Feb  6 17:42:19 2025 +0100\n"), []int{2, 1}},
		"pipermail":                 {two("From a at example.invalid  Thu Feb  6 17:42:19 2025\n"), []int{2, 1}},
		"patchwork":                 {two("From patchwork Thu Feb  6 17:42:19 2025\nContent-Type: text/plain; charset=\"utf-8\"\nContent-Transfer-Encoding: 8bit\nX-Patchwork-Submitter: A Hacker <a@example.invalid>\n"), []int{2, 1}},
		"b4":                        {two("From git@z Thu Jan  1 00:00:00 1970\n"), []int{2, 1}},
		"lore":                      {two(lore), []int{2, 1}},
		"Evolution":                 {two("From a@example.invalid Thu Feb  6 17:42:19 2025\nX-Evolution-Source: 1738859999.1234.5@host\n"), []int{2, 1}},
		"KMail":                     {two("From unknown@unknown.invalid Thu Feb  6 17:42:19 2025\n"), []int{2, 1}},
		"Eudora":                    {two("From ???@??? Thu Feb 06 17:42:19 2025\n"), []int{2, 1}},
		"git":                       {two("From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n"), []int{2, 1}},
		"blank lines":               {"\n\n" + two(lore), []int{2, 1}},
		"no last line":              {strings.TrimRight(two(lore), "\n"), []int{2, 1}},
		"no signature":              {strings.TrimSuffix(two(lore), "-- \n2.39.5\n\n"), []int{2, 1}},
		"a quoted line":             {strings.ReplaceAll(two(lore), "Why.\n", "Why.\n\n>From that day on.\n>>From x@y Thu Feb  6 17:42:19 2025\n"), []int{2, 1}},
		"CRLF":                      {strings.ReplaceAll(two(lore), "\n", "\r\n"), []int{2, 1}},
		"an .eml":                   {"Return-Path: <a@example.invalid>\nReceived: from x\n\tby y; Mon, 10 Nov 2025 12:46:42 +0100\n" + subjectOf("[PATCH] first") + "\n" + why + firstDiff, []int{1}},
		"a >From among the headers": {strings.ReplaceAll(two(lore), "Date:", ">From x Thu Feb  6 17:42:19 2025\nDate:"), []int{2, 1}},
		// What stands around the diff.
		"b4's footer":      {one(plain, why+firstDiff+"\n---\nbase-commit: 0123456789abcdef0123456789abcdef01234567\nchange-id: 20251110-first-0123456789ab\n\nBest regards,\n-- \nA Hacker <a@example.invalid>\n"), []int{1}},
		"b4's, no blank":   {one(plain, why+firstDiff+"---\nbase-commit: 0123456789abcdef0123456789abcdef01234567\nchange-id: 20251110-first-0123456789ab\n"), []int{1}},
		"base and needs":   {one(plain, why+firstDiff+"base-commit: 0123456789abcdef0123456789abcdef01234567\nprerequisite-patch-id: 0123456789abcdef0123456789abcdef01234567\n-- \n2.39.5\n"), []int{1}},
		"tags":             {one(plain, why+firstDiff+"Reviewed-by: R <r@example.invalid>\n\nTested-by: T <t@example.invalid>\n"), []int{1}},
		"mailman":          {one(plain, why+firstDiff+"-- \n2.39.5\n\n_______________________________________________\ndri-devel mailing list\n"), []int{1}},
		"mailman, tight":   {one(plain, why+firstDiff+"_______________________________________________\nlinux-mtd mailing list\nhttp://lists.example.invalid/\n"), []int{1}},
		"an advertisement": {one(plain, why+firstDiff+"------------------------------------------------------------------------------\nCheck out the best tech.\n"), []int{1}},
		"akpm":             {one("", "From: R <r@example.invalid>\nSubject: first\n\nWhy.\n\n fs/f | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\n"+strings.Replace(plainOf(firstDiff), "--- a/f", "--- a/f~first", 1)+"_\n\nPatches currently in -mm which might be from a@example.invalid are\n\n"), []int{1}},
		"quilt":            {one("", why+strings.NewReplacer("--- a/f\n", "Index: linux/f\n===================================================================\n--- linux.orig/f\t2025-01-01 00:00:00.000000000 +0000\n", "+++ b/f\n", "+++ linux/f\t2025-01-01 00:00:01.000000000 +0000\n").Replace(plainOf(firstDiff))), []int{1}},
		"diff -ruN":        {one("", why+"diff -ruN a/f b/f\n"+plainOf(firstDiff)), []int{1}},
		"blanks stripped":  {one("", why+strings.ReplaceAll(blankDiff, "\n \n", "\n\n")), []int{1}},
		// How it is encoded.
		"base64":                 {one(plain+"Content-Transfer-Encoding: base64\n", encoded(why+firstDiff+"-- \n2.39.5\n")), []int{1}},
		"base64 of quoted words": {saved(lore, strings.Replace(subjectOf(""), "Subject: ", "Subject: =?UTF-8?B?W1BBVENIXSBmaXJzdA==?=", 1)+plain+"Content-Transfer-Encoding: BASE64\n", encoded(why+firstDiff)), []int{1}},
		"quoted-printable":       {one(plain+"Content-Transfer-Encoding: quoted-printable\n", quoted(why+"A long line, "+strings.Repeat("which is folded, ", 20)+"ü.\n"+firstDiff+"-- \n2.39.5\n")), []int{1}},
		"8bit":                   {one(plain+"Content-Transfer-Encoding: 8bit\n", "Für.\n"+why+firstDiff), []int{1}},
		"an odd encoding":        {one(plain+"Content-Transfer-Encoding: 8bits\n", why+firstDiff), []int{1}},
		"no charset":             {one("MIME-Version: 1.0\nContent-Type: text/plain\n", why+firstDiff), []int{1}},
		"GB 2312":                {one("MIME-Version: 1.0\nContent-Type: text/plain; charset=gb2312\n", why+firstDiff), []int{1}},
		"a broken Content-Type":  {one("MIME-Version: 1.0\nContent-Type: text/plain; charset=\n", why+firstDiff), []int{1}},
		"a folded subject":       {saved(lore, subjectOf("[PATCH\n v1 1/1] first\n\tand more"), why+firstDiff), []int{1}},
		"encoded words":          {saved(lore, subjectOf("=?utf-8?q?=5BPATCH_1/1=5D_f=C3=BCr?=\n =?utf-8?q?_alle?="), why+firstDiff), []int{1}},
		"flowed":                 {one("MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8; format=flowed\n", flow(why+firstDiff+"-- \n2.39.5\n")), []int{1}},
		// What it is made of.
		"attached":                  {multipart("mixed", text+why, attachment+"Content-Transfer-Encoding: 8bit\n\n"+firstDiff), []int{1}},
		"attached in base64":        {multipart("mixed", text+why, attachment+"Content-Transfer-Encoding: base64\n\n"+encoded(firstDiff)), []int{1}},
		"attached, quoted":          {multipart("mixed", text+why, attachment+"Content-Transfer-Encoding: quoted-printable\n\n"+quoted(firstDiff)), []int{1}},
		"attached to flowed text":   {multipart("mixed", "Content-Type: text/plain; charset=UTF-8; format=flowed\n\nThis text goes \non.\n", attachment+"\n"+firstDiff), []int{1}},
		"attached as octets":        {multipart("mixed", text+why, "Content-Type: application/octet-stream; name=\"x.diff\"\nContent-Transfer-Encoding: base64\n\n"+encoded(firstDiff)), []int{1}},
		"inline":                    {multipart("mixed", text+why, strings.Replace(attachment, "attachment;", "inline;", 1)+"\n"+firstDiff), []int{1}},
		"inline, no type":           {multipart("mixed", "\n"+why, "\n"+firstDiff), []int{1}},
		"PGP":                       {multipart("signed; micalg=pgp-sha256; protocol=\"application/pgp-signature\"", text+why+firstDiff+"-- \n2.39.5\n", signature), []int{1}},
		"PGP, quoted":               {multipart("signed; micalg=pgp-sha512; protocol=\"application/pgp-signature\"", "Content-Type: text/plain; charset=UTF-8\nContent-Disposition: inline\nContent-Transfer-Encoding: quoted-printable\n\n"+quoted(why+firstDiff), signature), []int{1}},
		"HTML beside it":            {multipart("alternative", text+why+firstDiff, "Content-Type: text/html; charset=UTF-8\n\n<div>Why.</div><div>diff --git a/f b/f</div>\n"), []int{1}},
		"no last boundary":          {strings.TrimSuffix(multipart("mixed", text+why, attachment+"\n"+firstDiff), "--=_b1-x--\n\n"), []int{1}},
		"a mailman footer attached": {multipart("mixed", text+why+firstDiff, "Content-Type: text/plain; charset=\"us-ascii\"\nContent-Disposition: inline\n\n_______________________________________________\nlist\n"), []int{1}},
		// What its subject says.
		"of another author":   {one("", "From: R <r@example.invalid>\n\n"+why+firstDiff), []int{1}},
		"RFC and PATCH apart": {numbered("[RFC][PATCH %d/2]"), []int{2, 1}},
		"a list's prefix":     {numbered("[f2fs-dev] [PATCH %d/2]"), []int{2, 1}},
		"a comma":             {numbered("[PATCH v1,%d/2]"), []int{2, 1}},
		"a stable tree":       {numbered("[PATCH 6.1.y %d/2]"), []int{2, 1}},
		"patchwork's":         {numbered("[net-next,%d/2]"), []int{2, 1}},
		"only numbers":        {numbered("[%d/2]"), []int{2, 1}},
		"zeros":               {numbered("[PATCH 0%d/02]"), []int{2, 1}},
		"Mercurial's":         {numbered("[PATCH %d of 2]"), []int{2, 1}},
		"a subsystem behind":  {numbered("[PATCH %d/2] [media]"), []int{2, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asRight(t, write(t, "saved", test.text), sevenLines(t), test.order, 1)
		})
	}
	for tag, revision := range map[string]int{
		"[PATCH v2 %d/2]": 2, "[PATCHv3 %d/2]": 3, "[RFC v4 %d/2]": 4, "[net-next,v5,%d/2]": 5, "[PATCH v6,%d/2]": 6,
		"[patch V7 %d/2]": 7, "[PATCH -v8 %d/2]": 8, "[PATCH net v9 %d/2]": 9, "[PATCH %d/2 v10]": 10, "[PATCH take 2 %d/2]": 2,
		"[RFC PATCH v2 bpf-next %d/2]": 2, "[RESEND PATCH v3 %d/2]": 3, "[PATCH v2 RESEND %d/2]": 2, "[list] [PATCHv2,%d/2]": 2, "[PATCH ipv6 v4.19 %d/2]": 1,
		"[PATCH_v2 %d/2]": 2, "[RFC/PATCHv3 %d/2]": 3, "[PATCH%d/2]": 1, "[v4:%d/2]": 4, "[PATCH version 5: %d/2]": 5, "[PATCH %d/2] [v6]": 6,
	} {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			asRight(t, write(t, "saved", numbered(tag)), sevenLines(t), []int{2, 1}, revision)
		})
	}
}

// numbered are two patches with a tag, the second one first.
func numbered(tag string) string {
	return saved(lore, subjectOf(fmt.Sprintf(tag, 2)+" second"), why+secondDiff) + saved(lore, subjectOf(fmt.Sprintf(tag, 1)+" first"), why+firstDiff)
}

// plainOf is a diff without git's headers.
func plainOf(diff string) string { return diff[strings.Index(diff, "--- "):] }

// blankDiff has empty lines for its context.
const blankDiff = "diff --git a/g b/g\nnew file mode 100644\n--- /dev/null\n+++ b/g\n@@ -0,0 +1,3 @@\n+a\n+\n+b\ndiff --git a/g b/g\n--- a/g\n+++ b/g\n@@ -1,3 +1,3 @@\n-a\n+A\n \n b\n"

// TestAsGitWritesThem reads what git format-patch makes of a repository, in each of
// its forms.
func TestAsGitWritesThem(t *testing.T) {
	repo := t.TempDir()
	git(t, repo, "", "init", "-q")
	tree := everyKind(t, repo)
	for name, args := range map[string][]string{
		"as it is":        {"-N", "--stdout"},
		"numbered":        {"-n", "--stdout"},
		"a cover letter":  {"--cover-letter", "--stdout"},
		"a base":          {"--base=HEAD~3", "--stdout"},
		"attached":        {"--attach", "--stdout"},
		"inline":          {"--inline", "--stdout"},
		"no signature":    {"--no-signature", "--stdout"},
		"no stat":         {"--no-stat", "--stdout"},
		"no renames":      {"--no-renames", "--stdout"},
		"another author":  {"--from=B <b@example.invalid>", "--stdout"},
		"a long context":  {"-U25", "--stdout"},
		"a version":       {"-v2", "--stdout"},
		"a threaded mail": {"--thread=shallow", "--add-header=X-Y: z", "--stdout"},
	} {
		t.Run(name, func(t *testing.T) {
			out := git(t, repo, "", append([]string{"format-patch", "--full-index", "--binary"}, append(args, "HEAD~3")...)...)
			order, revision := []int{1, 2, 3}, 1
			if name == "a cover letter" {
				order = []int{2, 3, 4}
			}
			if name == "a version" {
				revision = 2
			}
			asRight(t, write(t, "saved", out), tree, order, revision)
		})
	}
	t.Run("a directory", func(t *testing.T) {
		dir := t.TempDir()
		git(t, repo, "", "format-patch", "--binary", "--cover-letter", "-o", dir, "HEAD~3")
		s, err := read(t, dir)
		if err != nil || len(s.Patches) != 3 {
			t.Fatalf("%+v, %v", s, err)
		}
		ours := copied(t, tree)
		if _, err := Apply(t.Context(), s, ours); err != nil {
			t.Fatal(err)
		}
		names, err := filepath.Glob(dir + "/*.patch")
		if err != nil {
			t.Fatal(err)
		}
		s2, err := read(t, names...)
		if err != nil || s2.Digest() != s.Digest() || s2.Cover != s.Cover {
			t.Errorf("the files one by one: %+v, %v", s2, err)
		}
	})
}
