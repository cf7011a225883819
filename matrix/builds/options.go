package builds

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Option is an option that two configurations do not set alike.
type Option struct {
	Name string `json:"name"`
	// Value and Other are what either configuration sets it to, "n" where it says that
	// it is not set, and "" where it does not know the option.
	Value string `json:"value,omitempty"`
	Other string `json:"other,omitempty"`
}

// options are those of a configuration, with their values: "n" for one that is not
// set.
type options map[string]string

// optionRE is a line of a configuration that is about an option; comments beside these
// name the kernel's version, and menus.
var optionRE = regexp.MustCompile(`^(?:(CONFIG_[A-Za-z0-9_]+)=(.*)|# (CONFIG_[A-Za-z0-9_]+) is not set)$`)

// parseOptions reads a configuration as the kernel's build writes it.
func parseOptions(text string) options {
	o := options{}
	for line := range strings.Lines(text) {
		m := optionRE.FindStringSubmatch(strings.TrimRight(line, "\r\n "))
		switch {
		case m == nil:
		case m[3] != "":
			o[m[3]] = "n"
		default:
			o[m[1]] = m[2]
		}
	}
	return o
}

// optionCompiler has the first line of what the compiler says of its version.
const optionCompiler = "CONFIG_CC_VERSION_TEXT"

// compiler returns the compiler that a configuration was made with, "" for one that
// names none.
func (o options) compiler() string { return strings.Trim(o[optionCompiler], `"`) }

// naming are options that no code depends on: they name the release and its packager,
// or tools that make nothing that runs.
var naming = []string{
	optionCompiler, // compared by itself
	"CONFIG_BUILD_SALT", "CONFIG_LOCALVERSION", "CONFIG_LOCALVERSION_AUTO", "CONFIG_VERSION_SIGNATURE",
	"CONFIG_PAHOLE_VERSION", // makes BTF
}

// counts reports whether an option may make a difference to code. What is known of a
// Rust compiler does where it compiles anything.
func (o options) counts(name string) bool {
	rust := strings.HasPrefix(name, "CONFIG_RUSTC_") || strings.HasPrefix(name, "CONFIG_BINDGEN_")
	return !slices.Contains(naming, name) && (!rust || o["CONFIG_RUST"] == "y")
}

// beside returns the options that both configurations know and set differently, and
// those that one alone knows, each sorted by name.
func (o options) beside(other options) (differing, alone []Option) {
	counts := func(name string) bool { return o.counts(name) || other.counts(name) }
	for name, value := range o {
		theirs, known := other[name]
		switch {
		case !counts(name):
		case !known:
			alone = append(alone, Option{name, value, ""})
		case theirs != value:
			differing = append(differing, Option{name, value, theirs})
		}
	}
	for name, theirs := range other {
		if _, known := o[name]; !known && counts(name) {
			alone = append(alone, Option{name, "", theirs})
		}
	}
	byName := func(a, b Option) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(differing, byName)
	slices.SortFunc(alone, byName)
	return differing, alone
}
