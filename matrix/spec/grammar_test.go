package spec

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEveryKeyIsDescribed has each key of the grammar described, and the repository's own
// kernels.yaml tell of it: in a comment, or by a key at the beginning of a line.
func TestEveryKeyIsDescribed(t *testing.T) {
	text, err := os.ReadFile("../../kernels.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var comments []string
	for _, line := range strings.Split(string(text), "\n") {
		if _, comment, ok := strings.Cut(line, "#"); ok || !strings.HasPrefix(line, " ") {
			comments = append(comments, comment+" "+line)
		}
	}
	keys := 0
	var walk func(schema any, at string)
	walk = func(schema any, at string) {
		switch s := schema.(type) {
		case object:
			properties, _ := s["properties"].(object)
			if s["additionalProperties"] != false {
				properties = nil // it is a rule's
			}
			for key, of := range properties {
				keys++
				if doc, _ := of.(object)["description"].(string); len(doc) < 10 {
					t.Errorf("%s.%s is described as %q", at, key, doc)
				}
				if !regexp.MustCompile(`(?m)(^|[^a-z-])` + key + `([^a-z-]|$)`).MatchString(strings.Join(comments, "\n")) {
					t.Errorf("the comments of kernels.yaml do not tell of %s.%s", at, key)
				}
				walk(of, at+"."+key)
			}
			walk(s["items"], at+"[]")
			walk(s["additionalProperties"], at+".NAME")
			walk(s["oneOf"], at)
		case []object:
			for _, o := range s {
				walk(o, at)
			}
		}
	}
	known := testKnown
	known.Sources = nil // which their own kinds tell of
	walk(newReader(known, &Spec{}).document().schema(), "")
	if keys != 46 {
		t.Errorf("the grammar has %d keys, want 46", keys)
	}
}

// TestLimitsAreOfTheGrammar has more arguments than are taken, which reader and schema
// know alike.
func TestLimitsAreOfTheGrammar(t *testing.T) {
	text := small + "external:\n  - {name: many, exec: testdata/good/ok.sh, args: [" + strings.Repeat("a, ", maxArgs) + "a]}\n"
	_, err := Load(strings.NewReader(text), "test.yaml", testKnown)
	if want := fmt.Sprintf("test.yaml:7: external[0].args: has %d elements; at most %d are taken", maxArgs+1, maxArgs); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	schema := newReader(testKnown, &Spec{}).externalProbe(&own{}).schema()
	if most := schema["properties"].(object)["args"].(object)["maxItems"]; most != maxArgs {
		t.Errorf("the schema takes %v arguments", most)
	}
}
