package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/matrix"
)

// TestBTFWithoutPahole is refused where a fragment asks for it, and left out
// where a configuration that was made elsewhere has it.
func TestBTFWithoutPahole(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "pahole")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho v1.25\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	const on, off = "CONFIG_X=y\nCONFIG_DEBUG_INFO_BTF=y\n", "# CONFIG_DEBUG_INFO_BTF is not set\n"
	without := matrix.Build{Name: "b", Config: "mine.config", Make: map[string]string{"PAHOLE": "kmatrix-no-such-pahole"}}
	with := matrix.Build{Name: "b", Config: "mine.config", Make: map[string]string{"PAHOLE": program}}
	for _, test := range []struct {
		build     matrix.Build
		fragments []string
		want      string
	}{
		{without, []string{Fragment, on}, "build b: a fragment asks for CONFIG_DEBUG_INFO_BTF, and there is no kmatrix-no-such-pahole"},
		{without, []string{on, off}, ""},
		{without, []string{off, on}, "asks for CONFIG_DEBUG_INFO_BTF"},
		{without, []string{Fragment}, ""},
		{without, []string{"CONFIG_DEBUG_INFO_BTF_MODULES=y\n"}, ""},
		{with, []string{on}, ""},
	} {
		err := NeedsPahole(test.build, test.fragments)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%q: %v, want …%s…", test.fragments, err, test.want)
		}
	}
	if text, note := WithoutBTF(without, on); asksBTF(text) || !strings.HasPrefix(text, on) || !strings.Contains(note, "mine.config asks for BTF") {
		t.Errorf("without pahole the configuration is %q, and %q is said", text, note)
	}
	for _, one := range []struct {
		build  matrix.Build
		config string
	}{{with, on}, {without, off}, {without, "CONFIG_X=y\n"}} {
		if text, note := WithoutBTF(one.build, one.config); text != one.config || note != "" {
			t.Errorf("%q became %q, and %q is said", one.config, text, note)
		}
	}
	for text, want := range map[string]string{on: "pahole v1.25", off: ""} {
		if got, err := Pahole(t.Context(), with, text); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
}
