package builds

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

// built is a column with a configuration, and a compiler where it was built here.
func built(config, compiler string) matrix.Column {
	c := matrix.Column{Config: config}
	if config != "" {
		c.ConfigDigest = fmt.Sprintf("%x", sha256.Sum256([]byte(config)))
	}
	if compiler != "" {
		c.Built = &matrix.Built{Compiler: compiler}
	}
	return c
}

// stored is a column of a run that has the configuration's digest alone.
func stored(digest, compiler string) matrix.Column {
	c := built("", compiler)
	c.ConfigDigest = digest
	return c
}

// TestBuildsAreCompared holds what forbids a comparison of costs, and what does not.
func TestBuildsAreCompared(t *testing.T) {
	const gcc = "CONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0\"\n"
	const text = "# Linux/x86 6.1.176 Kernel Configuration\n" + gcc + "CONFIG_SMP=y\n# CONFIG_KASAN is not set\nCONFIG_HZ=250\n"
	const next = "# Linux/x86 6.1.192 Kernel Configuration\n" + gcc + "CONFIG_SMP=y\n# CONFIG_KASAN is not set\nCONFIG_HZ=250\n"
	for name, test := range map[string]struct {
		a, b matrix.Column
		want Difference
	}{
		"one configuration":                                 {built(text, ""), built(text, ""), Difference{}},
		"another comment":                                   {built(text, ""), built(next, ""), Difference{}},
		"another release's name":                            {built(text+"CONFIG_BUILD_SALT=\"6.1.0-47\"\n", ""), built(next+"CONFIG_BUILD_SALT=\"6.1.0-56\"\n", ""), Difference{}},
		"an option of one alone":                            {built(text, ""), built(next+"CONFIG_MITIGATION_VMSCAPE=y\n# CONFIG_NEW is not set\n", ""), Difference{Alone: []Option{{"CONFIG_MITIGATION_VMSCAPE", "", "y"}, {"CONFIG_NEW", "", "n"}}}},
		"an option that went":                               {built(text+"CONFIG_OLD=m\n", ""), built(next, ""), Difference{Alone: []Option{{"CONFIG_OLD", "m", ""}}}},
		"an option set in one of both":                      {built(text, ""), built("CONFIG_KASAN=y\nCONFIG_SMP=y\nCONFIG_HZ=250\n"+gcc, ""), Difference{Options: []Option{{"CONFIG_KASAN", "n", "y"}}}},
		"another value":                                     {built(text, ""), built(gcc+"CONFIG_SMP=y\n# CONFIG_KASAN is not set\nCONFIG_HZ=1000\n", ""), Difference{Options: []Option{{"CONFIG_HZ", "250", "1000"}}}},
		"another compiler's package":                        {built(text, ""), built(next[:len(next)-1]+"\nCONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian 12.2.0-14) 12.2.0\"\n", ""), Difference{Compiler: "gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0", Other: "gcc-12 (Debian 12.2.0-14) 12.2.0"}},
		"a compiler by another name":                        {built(text, ""), built(next, "gcc (Debian 12.2.0-14+deb12u1) 12.2.0"), Difference{}},
		"one compiler's other flags":                        {built(text, "gcc 12"), built(text, "gcc 12 -O3"), Difference{Compiler: "gcc 12", Other: "gcc 12 -O3"}},
		"Rust that compiles nothing":                        {built(text+"CONFIG_RUSTC_VERSION=0\n", ""), built(next+"CONFIG_RUSTC_VERSION=109500\n", ""), Difference{}},
		"Rust that compiles":                                {built(text+"CONFIG_RUST=y\nCONFIG_RUSTC_VERSION=1\n", ""), built(next+"CONFIG_RUST=y\nCONFIG_RUSTC_VERSION=2\n", ""), Difference{Options: []Option{{"CONFIG_RUSTC_VERSION", "1", "2"}}}},
		"one digest alone":                                  {stored("x", "gcc 12"), stored("x", "gcc 12"), Difference{}},
		"one digest of a package":                           {stored("x", ""), stored("x", ""), Difference{}},
		"digests that differ":                               {stored("x", "gcc 12"), stored("y", "gcc 12"), Difference{Unknown: true}},
		"a digest beside options":                           {stored("x", ""), built(text, ""), Difference{Unknown: true}},
		"a compiler that is not known":                      {stored("x", "gcc 12"), stored("x", ""), Difference{Unknown: true}},
		"no configuration":                                  {stored("", "gcc 12"), stored("", "gcc 12"), Difference{Unknown: true}},
		"a compiler that is known to be another, by digest": {stored("x", "gcc 12"), stored("y", "gcc 14"), Difference{Compiler: "gcc 12", Other: "gcc 14", Unknown: true}},
	} {
		got := Compare(test.a, test.b)
		if diff := cmp.Diff(test.want, *got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if want := test.want.Compiler == "" && test.want.Options == nil && !test.want.Unknown; got.Comparable() != want {
			t.Errorf("%s: comparable is %v", name, !want)
		}
	}
}
