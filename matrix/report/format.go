package report

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"kmatrix/matrix/printable"
)

// Format is a form that documents are written in.
type Format struct {
	// Name is what users call it: lower-case letters and digits.
	Name string
	// Summary says in a few words what it is, for help.
	Summary string
	// write writes a document whose texts are each one printable line. It escapes what
	// means something in the format.
	write func(w io.Writer, doc Document) error
}

// Write writes a document, whole or, where an error is returned before anything is
// written, not at all. Its texts are made printable first, a line each, also where
// their JSON would have escaped them: a run may come from elsewhere, and who reads it
// may unescape. What the format made of them, and of files that it read, is made
// printable, too; of escape sequences only the colours of the table are left, where
// they are allowed.
func (f Format) Write(w io.Writer, doc Document) error {
	var b bytes.Buffer
	if err := f.write(&b, printable.Copy(doc)); err != nil {
		return fmt.Errorf("write the run as %s: %w", f.Name, err)
	}
	_, err := io.WriteString(w, screened(b.String(), doc.Options.Colour))
	return err
}

// screened returns a text that drives a terminal by nothing but the colours of
// [paint], where it may have any.
func screened(text string, colour bool) string {
	var out strings.Builder
	for colour {
		at := firstColour.FindStringIndex(text)
		if at == nil {
			break
		}
		out.WriteString(printable.Text([]byte(text[:at[0]])))
		out.WriteString(text[at[0]:at[1]])
		text = text[at[1]:]
	}
	out.WriteString(printable.Text([]byte(text)))
	return out.String()
}

var firstColour = regexp.MustCompile(regexp.QuoteMeta(yellow) + "|" + regexp.QuoteMeta(red) + "|" + regexp.QuoteMeta(reset))

var formats []Format

var formatName = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

// register adds a format; it is called from init.
func register(f Format) {
	if _, twice := Lookup(f.Name); twice || !formatName.MatchString(f.Name) || f.Summary == "" || f.write == nil {
		panic(fmt.Sprintf("report: the format %q is not whole, or there is one of that name", f.Name))
	}
	formats = append(formats, f)
	slices.SortFunc(formats, func(a, b Format) int { return strings.Compare(a.Name, b.Name) })
}

// Lookup returns the format of that name.
func Lookup(name string) (Format, bool) {
	i := slices.IndexFunc(formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return formats[i], true
}

// Formats lists the formats by name.
func Formats() []Format { return slices.Clone(formats) }

// Names lists the formats' names, sorted.
func Names() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.Name)
	}
	return names
}
