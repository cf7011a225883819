// Package mail reads the mails that a file holds, as people save them: an mbox
// of any mail program or archive, one mail, a thread of lore.kernel.org saved as
// text, or a bare patch, which is taken for the text of a mail without headers.
//
// [Read] separates and decodes them; what their subjects and texts mean is the
// caller's concern. It is as lenient as git mailsplit and git mailinfo, which it
// is tested against: a header that is no header ends the headers, a part that
// cannot be decoded is marked and keeps nobody from the other parts.
package mail

import (
	"bytes"
	"strings"
)

// Message is one mail.
type Message struct {
	// Line is where it begins in the file, from 1.
	Line int
	// Subject and From are decoded, without line breaks; both are empty for a
	// bare patch.
	Subject, From string
	// ID is its Message-ID, without brackets, "" where it has none.
	ID string
	// References are the messages that it answers, the oldest first.
	References []string
	// Parts are its text and attachments. Of alternatives only the plain one is
	// there.
	Parts []Part
	// Attached are the mails that it carries: forwarded ones, and attachments that
	// are patches with headers of their own, as git format-patch writes them.
	Attached []Message
}

// Part is a text of a mail, or an attachment.
type Part struct {
	// Type is its media type, in small letters.
	Type string
	// Charset is what Text is written in, "" where that is not said.
	Charset string
	// Text is decoded from its transfer encoding, and not from its charset: a diff
	// is bytes. It ends in a newline unless it is empty.
	Text string
	// Flowed tells that its lines were unfolded (RFC 3676).
	Flowed bool
	// Err is why it could not be decoded; Text is then what could.
	Err error
}

// Error tells that a file holds no mail, or that a saved thread is cut.
type Error struct {
	// Line is where, from 1; 0 for the file as a whole.
	Line    int
	Problem string
}

// Error says what is wrong.
func (e *Error) Error() string { return e.Problem }

// notText are the first bytes of files that hold mails in a form that is not read.
var notText = []struct{ magic, problem string }{
	{"\xff\xfe", "it is UTF-16, as PowerShell's > writes: let git write the file (git format-patch -o DIRECTORY)"},
	{"\xfe\xff", "it is UTF-16, as PowerShell's > writes: let git write the file (git format-patch -o DIRECTORY)"},
	{"\xd0\xcf\x11\xe0", "it is a mail of Outlook (.msg): save it as .eml or .txt, or take the thread's mbox.gz from lore.kernel.org"},
	{"PK\x03\x04", "it is a zip archive: unpack it, and name the directory"},
	{"BZh", "it is compressed by bzip2: unpack it"},
	{"<!DOCTYPE", "it is a web page: take the thread's mbox.gz (the link at its foot on lore.kernel.org), or save the page as text"},
	{"<html", "it is a web page: take the thread's mbox.gz (the link at its foot on lore.kernel.org), or save the page as text"},
}

// Read reads the mails of a file in their order. The error is an [*Error].
func Read(file []byte) ([]Message, error) {
	for _, n := range notText {
		head := bytes.TrimLeft(file[:min(len(file), 512)], " \t\r\n")
		if strings.HasPrefix(string(head), n.magic) || n.magic[0] == '<' && strings.EqualFold(string(head[:min(len(head), len(n.magic))]), n.magic) {
			return nil, &Error{Problem: n.problem}
		}
	}
	if i := bytes.IndexByte(file, 0); i >= 0 {
		line := 1 + bytes.Count(file[:i], []byte("\n"))
		return nil, &Error{Line: line, Problem: "it holds a zero byte: it is no text"}
	}
	text := string(bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))) // a byte order mark
	if !begins(text) && isPage(text) {
		return readPage(text)
	}
	var all []Message
	for _, r := range split(text) {
		all = append(all, parse(r.line, r.text, 0))
	}
	return all, nil
}

// begins reports whether a file begins as an mbox or as a mail.
func begins(text string) bool {
	text = strings.TrimLeft(text, " \t\r\n")
	line, _, _ := strings.Cut(text, "\n")
	return separates(line) || isMail(text)
}

// clean returns a decoded header field in one line.
func clean(s string) string {
	return strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "\ufffd")
}
