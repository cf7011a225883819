package main

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// packageRowRE is a row of the list of packages, and pathRE a file or directory that a
// text names.
var (
	packageRowRE = regexp.MustCompile("(?m)^\\| `([a-z/]+)` \\| (.*) \\|$")
	pathRE       = regexp.MustCompile("`((?:matrix|vmimage|guest|host|docs)/[A-Za-z0-9_/.-]+)`")
)

// listedPackages returns what is wrong with the list of packages in
// docs/architecture.md, given those that there are.
func listedPackages(text string, packages []string) (problems []string) {
	_, list, found := strings.Cut(text, "\n## Packages\n")
	if !found {
		return []string{`docs/architecture.md has no section "## Packages"`}
	}
	list, _, _ = strings.Cut(list, "\n## ")
	listed := map[string]bool{}
	for _, row := range packageRowRE.FindAllStringSubmatch(list, -1) {
		switch name := row[1]; {
		case listed[name]:
			problems = append(problems, "docs/architecture.md lists the package "+name+" twice: remove a line")
		case !slices.Contains(packages, name):
			problems = append(problems, "docs/architecture.md lists "+name+", which is no package: remove or rename its line")
		case strings.TrimSpace(row[2]) == "":
			problems = append(problems, "docs/architecture.md says nothing of the package "+name+": write what it is")
		}
		listed[row[1]] = true
	}
	for _, name := range packages {
		if !listed[name] {
			problems = append(problems, "docs/architecture.md does not list the package "+name+": add a line under Packages, | `"+name+"` | what it is |")
		}
	}
	return problems
}

// packagesOf returns the directories with Go files, relative to the root and sorted.
func packagesOf(t *testing.T, root string) []string {
	t.Helper()
	packages := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (name == "testdata" || name == "bin" || strings.HasPrefix(name, ".")) {
			return filepath.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(name, ".go") {
			dir, err := filepath.Rel(root, filepath.Dir(path))
			packages[filepath.ToSlash(dir)] = true
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(packages))
}

// TestTheListOfPackagesIsTheTrees holds docs/architecture.md to the tree, both ways.
func TestTheListOfPackagesIsTheTrees(t *testing.T) {
	text, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	packages := packagesOf(t, "../..")
	if !slices.Contains(packages, "host/kmatrix") || !slices.Contains(packages, "matrix") {
		t.Fatalf("the tree is not found: %q", packages)
	}
	for _, problem := range listedPackages(string(text), packages) {
		t.Error(problem)
	}
}

// TestWhatTheListOfPackagesLacksIsTold has one of each mistake.
func TestWhatTheListOfPackagesLacksIsTold(t *testing.T) {
	const head = "# Architecture\n\n## Packages\n\n| package | what it is |\n|---|---|\n"
	for name, test := range map[string]struct{ text, want string }{
		"right":     {head + "| `a` | an a |\n| `a/b` | a b |\n\n## Next\n| `c` | no row of the list |\n", ""},
		"missing":   {head + "| `a` | an a |\n", "does not list the package a/b: add a line"},
		"gone":      {head + "| `a` | an a |\n| `a/b` | a b |\n| `a/c` | a c |\n", "lists a/c, which is no package"},
		"twice":     {head + "| `a` | an a |\n| `a/b` | a b |\n| `a` | an a |\n", "lists the package a twice"},
		"no words":  {head + "| `a` | an a |\n| `a/b` |  |\n", "says nothing of the package a/b"},
		"elsewhere": {head + "| `a` | an a |\n\n## Next\n\n| `a/b` | a b |\n", "does not list the package a/b"},
		"no list":   {"# Architecture\n", "has no section"},
	} {
		got := strings.Join(listedPackages(test.text, []string{"a", "a/b"}), "\n")
		if test.want == "" && got != "" || !strings.Contains(got, test.want) || strings.Contains(got, "\n") {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestWhatTheGuidesNameIsThere looks for each file and directory that they name.
func TestWhatTheGuidesNameIsThere(t *testing.T) {
	named := 0
	for _, guide := range []string{"architecture.md", "contributing.md"} {
		text, err := os.ReadFile("../../docs/" + guide)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range pathRE.FindAllStringSubmatch(string(text), -1) {
			if named++; path[1] == "guest/probe/stability/onepage.go" {
				continue // the probe that contributing.md adds
			}
			if _, err := os.Stat("../../" + strings.TrimSuffix(path[1], "/...")); err != nil {
				t.Errorf("docs/%s names %s, which is not there", guide, path[1])
			}
		}
	}
	if named < 50 {
		t.Errorf("only %d paths are found in the guides", named)
	}
}
