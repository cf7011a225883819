package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/printable"
)

// syntax holds for each format what tells whether a text is one of it; a format's own
// test adds it.
var syntax = map[string]func(text string) error{
	"table": func(text string) error {
		if rule := "────"; strings.Contains(text, "kernel") && !strings.Contains(text, rule) {
			return errors.New("there is no rule under its header")
		}
		return nil
	},
	"json": func(text string) error {
		d := json.NewDecoder(strings.NewReader(text))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if s, ok := token.(string); ok && printable.Line(s, len(s)) != s {
				return fmt.Errorf("unescaped, %q drives a terminal", s)
			}
		}
	},
}

// hostile is what a guest, a mail or a stored run would say to drive a terminal or to
// break out of its place in a format.
const hostile = "x\x1b[31m\x1b[2J\u009b1m\u202e\x07\x1b]0;t\x07\r\n\n# \"',;|<b>&amp;]]>`*_\\\t\xff\x00\u2028"

// spoil appends to every text in a value but to those of a type of their own, such as
// outcomes.
func spoil(v reflect.Value, with string) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() && v.CanSet() {
			v.SetString(v.String() + with)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			spoil(v.Field(i), with)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem(), with)
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i), with)
		}
	}
}

// spoiled is a run of all kinds of trouble in which every text ends with the given one.
func spoiled(with string) Document {
	doc := sample("6.1", 2, "5.10", "5.15", "6.1", "6.12", "flaky", "crash", "boot-failed", "broken", "no-qemu", "snapshot")
	test := matrix.Result{Kernel: "6.1", Machine: "default", Probe: "external/own", Boot: 1}
	test.Outcome, test.Detail = matrix.Fail, "1 of 2 failed"
	test.Test = &matrix.Test{ResultFormat: matrix.FormatKTAP, Passed: 1, Failed: 1, Failing: []string{"seal"}, Warnings: []string{"out of order"}}
	doc.Run.Probes = append(doc.Run.Probes, test.Probe)
	doc.Results = append(doc.Results, test)
	doc.Profiles = []matrix.Profile{{Kernel: "6.1", Machine: "default", Probe: "cost/splice-file-pipe/64k", Missing: "no perf event"}}
	doc.Assessments = []matrix.Assessment{omen(doc.Run.ID)}
	doc.Assessments[0].Details, _ = json.Marshal(map[string]string{"text": "detail" + with})
	for _, v := range []any{&doc.Run, &doc.Results, &doc.Profiles, &doc.Assessments, &doc.Dir} {
		spoil(reflect.ValueOf(v).Elem(), with)
	}
	for i := range doc.Run.Kernels {
		// Configurations that differ in an option, and what built them.
		k := &doc.Run.Kernels[i]
		k.ConfigDigest = fmt.Sprint(i)
		k.Config = fmt.Sprintf("CONFIG_CC_VERSION_TEXT=\"gcc%s\"\nCONFIG_DEFAULT_HOSTNAME=\"host%d%s\"\n", with, i%2, with)
	}
	for i := range doc.Results {
		r := &doc.Results[i]
		r.Cell = matrix.Cell{Kernel: r.Kernel, Machine: r.Machine, Probe: r.Probe}.ID()
	}
	doc.Comparison = compare.Compare(doc.Run, doc.Results)
	return doc
}

// TestFormats is the contract of every format.
func TestFormats(t *testing.T) {
	if len(Names()) < 2 || !slices.IsSorted(Names()) {
		t.Fatalf("the formats are %v", Names())
	}
	for _, f := range Formats() {
		t.Run(f.Name, func(t *testing.T) {
			check := syntax[f.Name]
			if found, ok := Lookup(f.Name); !ok || found.Summary != f.Summary {
				t.Errorf("%s is not found by its name", f.Name)
			}
			if check == nil {
				t.Fatal("no test says what a text of the format is")
			}
			for name, doc := range map[string]Document{
				"of nothing": {}, "of a run": sample("6.1", 1, "6.1", "6.12"), "of a killed run": killed(), "of all troubles": spoiled(""), "of hostile texts": spoiled(hostile),
			} {
				for _, options := range []Options{{}, {Width: 80}, {Width: 160, Colour: true, All: true}} {
					doc.Options = options
					text := written(t, f, doc)
					if err := check(text); err != nil {
						t.Errorf("%s, it is no %s: %v\n%s", name, f.Name, err, text)
					}
					if name != "of nothing" && !strings.HasSuffix(text, "\n") {
						t.Errorf("%s, its last line has no end", name)
					}
					if options.Colour {
						text = strings.NewReplacer(red, "", yellow, "", reset, "").Replace(text)
					}
					if !utf8.ValidString(text) || printable.Text([]byte(text)) != text {
						t.Errorf("%s, it drives a terminal: %q", name, text)
					}
					if name == "of hostile texts" && !strings.Contains(text, "·[2J") {
						t.Errorf("it shows none of the texts:\n%s", text)
					}
				}
			}
			doc := sample("6.1", 1, "6.1", "6.12")
			if err := f.Write(failing{}, doc); !errors.Is(err, errFull) {
				t.Errorf("what cannot be written is told as %v", err)
			}
		})
	}
	if _, ok := Lookup("xls"); ok {
		t.Error("there is a format xls")
	}
}

// written writes a document twice, which must give the same and leave it as it is.
func written(t *testing.T, f Format, doc Document) string {
	t.Helper()
	before := fmt.Sprintf("%+v", doc.Results)
	var one, two bytes.Buffer
	if err := errors.Join(f.Write(&one, doc), f.Write(&two, doc)); err != nil {
		t.Fatal(err)
	}
	if one.String() != two.String() {
		t.Errorf("written twice it differs:\n%s\nand\n%s", &one, &two)
	}
	if fmt.Sprintf("%+v", doc.Results) != before {
		t.Error("writing changes the document")
	}
	return one.String()
}

var errFull = errors.New("no space left")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

// TestNoFormatCanForgetTheFilter has formats that do all wrong: one that writes its
// texts as they are, one that reads a file of the guest's.
func TestNoFormatCanForgetTheFilter(t *testing.T) {
	for name, write := range map[string]func(io.Writer, Document) error{
		"texts as they are": func(w io.Writer, doc Document) error {
			for _, k := range doc.Run.Kernels {
				if strings.Contains(k.Name, "\n") {
					return errors.New("a name has two lines")
				}
				fmt.Fprintln(w, k.Name, k.Version)
			}
			for _, row := range doc.Comparison.Rows {
				for _, c := range row.Cells {
					for _, r := range c.Results {
						fmt.Fprintln(w, row.Probe, r.Detail)
					}
				}
			}
			return nil
		},
		"a file": func(w io.Writer, _ Document) error { _, err := io.WriteString(w, hostile); return err },
	} {
		for _, colour := range []bool{false, true} {
			doc := spoiled(hostile)
			doc.Options.Colour = colour
			var b bytes.Buffer
			if err := (Format{Name: "careless", Summary: "x", write: write}).Write(&b, doc); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			if colour {
				text = strings.ReplaceAll(text, red, "")
			}
			if b.Len() == 0 || printable.Text([]byte(text)) != text {
				t.Errorf("%s, colour %v: %q", name, colour, text)
			}
			if name != "a file" && strings.Contains(b.String(), "\x1b") {
				t.Errorf("%s: a text has chosen a colour: %q", name, b.String())
			}
		}
	}
}

// TestTheTableColoursByItself wants its own colours, and only where they are allowed.
func TestTheTableColoursByItself(t *testing.T) {
	f, _ := Lookup("table")
	for _, colour := range []bool{false, true} {
		doc := spoiled(hostile)
		doc.Options = Options{Width: 140, Colour: colour}
		text := written(t, f, doc)
		if colour != (strings.Contains(text, red) && strings.Contains(text, yellow) && strings.Contains(text, reset)) || !colour && strings.Contains(text, "\x1b") {
			t.Errorf("colour %v: %q", colour, text)
		}
	}
}
