package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kmatrix/matrix/report"
)

// writers are the commands that write a run, as far as they get without booting.
func writers(t *testing.T) map[string][]string {
	t.Helper()
	kept, err := filepath.Abs(keptRun)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]string{
		"run":     {"run", "-f", write(t, one), "--qemu", "kmatrix-no-such-qemu", "--dir", t.TempDir()},
		"report":  {"report", kept},
		"compare": {"compare", kept},
	}
}

// TestFormatsThatCannotBeWritten wants each wrong use told by each command before it
// does anything, and no file made or changed.
func TestFormatsThatCannotBeWritten(t *testing.T) {
	commands, dir := writers(t), t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("there", []byte("as it was"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("there", "link"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("sub", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no such format":           {[]string{"--format", "xls"}, `--format xls: there is no format "xls": allowed are ` + strings.Join(report.Names(), ", ")},
		"no name":                  {[]string{"--format", ""}, `there is no format ""`},
		"no name but a file":       {[]string{"--format", "=x"}, `there is no format ""`},
		"in upper case":            {[]string{"--format", "JSON"}, `there is no format "JSON"`},
		"several in one":           {[]string{"--format", "json,table"}, `there is no format "json,table"`},
		"one of two":               {[]string{"--format", "table=x", "--format", "xls=y"}, `--format xls=y: there is no format "xls"`},
		"no file":                  {[]string{"--format", "json="}, "the name of the file is missing, as in --format json=FILE"},
		"two for standard output":  {[]string{"--format", "json", "--format", "table"}, "--format json and --format table would both go to the standard output: name a file for one, as in --format table=FILE"},
		"one twice":                {[]string{"--json", "--format", "json"}, "--format json and --json would both go to the standard output"},
		"a dash is the same":       {[]string{"--json", "--format", "table=-"}, "--format table=- and --json would both go to the standard output"},
		"two for -o":               {[]string{"--format", "json", "--format", "table", "-o", "x"}, "-o x: --format json and --format table both name no file"},
		"none left for -o":         {[]string{"--format", "json=x", "-o", "y"}, "-o y: no format is left for it"},
		"none left for -o -":       {[]string{"--format", "json=x", "-o", "-"}, "-o -: no format is left for it"},
		"one file twice":           {[]string{"--format", "json=x", "--format", "table=x"}, "--format json=x and --format table=x are one file"},
		"by another path":          {[]string{"--format", "json=x", "--format", "table=sub/../x"}, "are one file"},
		"by an absolute path":      {[]string{"--format", "json=" + dir + "/x", "--format", "table", "-o", "x"}, "and -o x are one file"},
		"by a link":                {[]string{"--format", "json=link", "--format", "table=there"}, "are one file"},
		"no such directory":        {[]string{"--format", "json=none/x"}, "--format json=none/x: there is no directory none: make it first"},
		"no such directory for -o": {[]string{"--json", "-o", "none/x"}, "-o none/x: there is no directory none: make it first"},
		"a directory":              {[]string{"--format", "json=sub"}, "--format json=sub: is a directory: name a file in it"},
		"a file for a directory":   {[]string{"--json", "-o", "there/x"}, "not a directory"},
	} {
		for of, args := range commands {
			out, errs, code := command(t, slices.Concat(args, test.args)...)
			if code != exitWrongUse || !strings.Contains(errs, test.want) || out != "" {
				t.Errorf("%s, %s: exit code %d, printed %q and %q", name, of, code, out, errs)
			}
		}
	}
	if text, err := os.ReadFile("there"); err != nil || string(text) != "as it was" {
		t.Errorf("the file there holds %q, %v", text, err)
	}
	if list, err := os.ReadDir("."); err != nil || len(list) != 3 {
		t.Errorf("left are %v, %v", list, err)
	}
}

// TestFormatsGoWhereTheyAreToGo writes a stored run in every way that the flags allow.
func TestFormatsGoWhereTheyAreToGo(t *testing.T) {
	commands := writers(t)
	dir := t.TempDir()
	t.Chdir(dir)
	isTable := func(text string) bool { return strings.Contains(text, "What differs:") }
	isJSON := func(text string) bool { return json.Valid([]byte(text)) }
	isNone := func(text string) bool { return text == "" }
	for name, test := range map[string]struct {
		args   []string
		stdout func(string) bool
		files  map[string]func(string) bool
	}{
		"nothing":             {nil, isTable, nil},
		"-o alone":            {[]string{"-o", "x"}, isNone, map[string]func(string) bool{"x": isTable}},
		"-o -":                {[]string{"-o", "-"}, isTable, nil},
		"--json":              {[]string{"--json"}, isJSON, nil},
		"--json -o":           {[]string{"--json", "-o", "x"}, isNone, map[string]func(string) bool{"x": isJSON}},
		"--format":            {[]string{"--format", "json"}, isJSON, nil},
		"a file":              {[]string{"--format", "json=x"}, isNone, map[string]func(string) bool{"x": isJSON}},
		"a file and output":   {[]string{"--format", "json=x", "--format", "table"}, isTable, map[string]func(string) bool{"x": isJSON}},
		"two files":           {[]string{"--format", "json=x", "--format", "table=a=b, c"}, isNone, map[string]func(string) bool{"x": isJSON, "a=b, c": isTable}},
		"one of its own":      {[]string{"--format", "json=x", "--format", "table", "-o", "y"}, isNone, map[string]func(string) bool{"x": isJSON, "y": isTable}},
		"one format twice":    {[]string{"--format", "json=x", "--json"}, isJSON, map[string]func(string) bool{"x": isJSON}},
		"a file that is long": {[]string{"--format", "json=./sub/../x", "--format", "table=-"}, isTable, map[string]func(string) bool{"x": isJSON}},
	} {
		for _, of := range []string{"report", "compare"} {
			if err := os.MkdirAll("sub", 0o755); err != nil {
				t.Fatal(err)
			}
			out, errs, code := command(t, slices.Concat(commands[of], test.args)...)
			if code != exitDone || errs != "" || !test.stdout(out) {
				t.Errorf("%s, %s: exit code %d, printed %q and %q", name, of, code, out, errs)
			}
			for file, is := range test.files {
				if text, err := os.ReadFile(file); err != nil || !is(string(text)) {
					t.Errorf("%s, %s: %s holds %q, %v", name, of, file, text, err)
				}
				if err := os.Remove(file); err != nil {
					t.Error(err)
				}
			}
			if list, err := os.ReadDir("."); err != nil || len(list) != 1 {
				t.Fatalf("%s, %s: left are %v, %v", name, of, list, err)
			}
		}
	}
}

// TestAFileIsWrittenWholeOrStays has one of two that cannot be written, a link that
// stays one, and what is no file.
func TestAFileIsWrittenWholeOrStays(t *testing.T) {
	args := writers(t)["report"]
	t.Chdir(t.TempDir())
	if err := errors.Join(os.WriteFile("real", []byte("old"), 0o600), os.Symlink("real", "link")); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := command(t, slices.Concat(args, []string{"--format", "json=link", "--format", "table=/dev/null"})...); code != exitDone || errs != "" {
		t.Fatalf("exit code %d, %q", code, errs)
	}
	text, err := os.ReadFile("real")
	if info, e := os.Lstat("link"); err != nil || e != nil || info.Mode().Type() != fs.ModeSymlink || !json.Valid(text) {
		t.Errorf("the link is %v, what it names holds %.80q", info.Mode(), text)
	}
	if info, err := os.Stat("real"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its permissions are %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Fatalf("/dev/null is %v, %v", info.Mode(), err)
	}
	// /dev/full takes nothing, as a disk without room.
	out, errs, code := command(t, slices.Concat(args, []string{"--format", "json=/dev/full", "--format", "table"})...)
	if code != exitInfra || !strings.Contains(errs, "--format json=/dev/full: write /dev/full: no space left") || !strings.Contains(out, "What differs:") {
		t.Errorf("exit code %d, printed %.80q and %q", code, out, errs)
	}
}

// TestOutputsOfOtherCommands holds -o of the commands that write no run to the same.
func TestOutputsOfOtherCommands(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("log", []byte("[ 1.0] Kernel panic - not syncing: \x1b[31mno\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"probes"}, {"oops", "log"}} {
		if out, errs, code := command(t, append(args, "-o", "none/x")...); code != exitWrongUse || !strings.Contains(errs, "-o none/x: there is no directory none: make it first") || out != "" {
			t.Errorf("%v: exit code %d, printed %q and %q", args, code, out, errs)
		}
		want, _, _ := command(t, args...)
		if out, errs, code := command(t, append(args, "-o", "x")...); code != exitDone || out != "" || errs != "" {
			t.Errorf("%v: exit code %d, printed %q and %q", args, code, out, errs)
		}
		if text, err := os.ReadFile("x"); err != nil || string(text) != want || want == "" {
			t.Errorf("%v: the file holds %q, want %q", args, text, want)
		}
	}
}
