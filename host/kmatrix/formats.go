package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kmatrix/matrix/report"
)

// defaultFormat is what a run is written as where no other format is asked for.
const defaultFormat = "table"

// formatOptions are the flags of the commands that write a run: in which formats, and
// where to.
type formatOptions struct {
	formats []string
	json    bool
	output  string
	all     bool
	summary bool
}

// add adds the flags to a command's.
func (o *formatOptions) add(f *pflag.FlagSet) {
	var list []string
	for _, one := range report.Formats() {
		list = append(list, one.Name+" ("+one.Summary+")")
	}
	f.StringArrayVar(&o.formats, "format", nil, fmt.Sprintf("write the run as `NAME`, and with NAME=FILE into a file; repeatable: %s (default %s)", strings.Join(list, ", "), defaultFormat))
	f.BoolVar(&o.json, "json", false, "the same as --format json")
	f.StringVarP(&o.output, "output", "o", "", "write to `FILE` the format that has no file of its own, instead of to the standard output")
	f.BoolVar(&o.all, "all", false, "list rows that are the same on all kernels, too")
	f.BoolVar(&o.summary, "summary", false, "stop before the table of all probes: write at most 25 lines of what the run comes to")
}

// destination is a format with where it goes: a file, "" for standard output.
type destination struct {
	format report.Format
	file   string
	// flag is how the user asked for it, for messages.
	flag string
}

// destinations returns what the flags ask for. What cannot be written in the end is
// wrong use, and told now, before anything is done.
func (o *formatOptions) destinations() ([]destination, error) {
	var list []destination
	add := func(flag, value string) error {
		name, file, own := strings.Cut(value, "=")
		format, ok := report.Lookup(name)
		if !ok {
			return wrong("%s: there is no format %q: allowed are %s, each also as NAME=FILE", flag, name, strings.Join(report.Names(), ", "))
		}
		if own && file == "" {
			return wrong("%s: the name of the file is missing, as in --format %s=FILE", flag, name)
		}
		list = append(list, destination{format, stdoutIfDash(file), flag})
		return nil
	}
	var err error
	for _, value := range o.formats {
		err = errors.Join(err, add("--format "+value, value))
	}
	if o.json {
		err = errors.Join(err, add("--json", "json"))
	}
	if len(o.formats) == 0 && !o.json {
		err = add("the "+defaultFormat, defaultFormat)
	}
	if err != nil {
		return nil, wrongUse{err}
	}
	var loose []*destination
	for i := range list {
		if list[i].file == "" {
			loose = append(loose, &list[i])
		}
	}
	switch file := stdoutIfDash(o.output); {
	case len(loose) > 1 && file != "":
		return nil, wrong("-o %s: %s and %s both name no file: name one for each, as in --format %s=FILE", file, loose[0].flag, loose[1].flag, loose[1].format.Name)
	case len(loose) > 1:
		return nil, wrong("%s and %s would both go to the standard output: name a file for one, as in --format %s=FILE", loose[0].flag, loose[1].flag, loose[1].format.Name)
	case len(loose) == 0 && o.output != "":
		return nil, wrong("-o %s: no format is left for it, each has a file of its own: leave -o out, or the =FILE of one", o.output)
	case len(loose) == 1 && file != "":
		loose[0].file, loose[0].flag = file, "-o "+file
	}
	for i, d := range list {
		if err := canWrite(d.file); err != nil {
			return nil, wrong("%s: %w", d.flag, err)
		}
		for _, other := range list[:i] {
			if d.file != "" && sameFile(d.file, other.file) {
				return nil, wrong("%s and %s are one file: name another for one", other.flag, d.flag)
			}
		}
	}
	return list, nil
}

// sameFile reports whether two paths name one file, which need not be there.
func sameFile(a, b string) bool {
	one, errOne := os.Stat(a)
	two, errTwo := os.Stat(b)
	if errOne == nil && errTwo == nil {
		return os.SameFile(one, two)
	}
	return a != "" && b != "" && resolved(a) == resolved(b)
}

// resolved returns a file's path without links in its directory.
func resolved(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path))
	}
	return path
}

// write writes a document to all of them. One that cannot be written keeps the others
// from nothing.
func (o *formatOptions) write(cmd *cobra.Command, doc report.Document, list []destination) error {
	var all error
	for _, d := range list {
		doc.Options = report.Options{All: o.all, Summary: o.summary}
		if d.file == "" {
			out := rawStream(cmd.OutOrStdout()) // a format's colours are its own
			doc.Options.Width, doc.Options.Colour = terminal(out)
			all = errors.Join(all, d.format.Write(out, doc))
			continue
		}
		var b bytes.Buffer
		err := d.format.Write(&b, doc)
		if err == nil {
			err = writeFile(d.file, b.Bytes())
		}
		if err != nil {
			all = errors.Join(all, fmt.Errorf("%s: %w", d.flag, err))
		}
	}
	return all
}
