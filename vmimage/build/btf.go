package build

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/proc"
)

// optionBTF has a kernel describe its types for BPF. pahole writes that, after
// everything has been compiled and linked; trees from 6.12 on drop the option
// where there is none (lib/Kconfig.debug), older ones fail at the very end.
const optionBTF = "CONFIG_DEBUG_INFO_BTF"

// mendBTF is what to do about a missing pahole.
const mendBTF = "on Debian it is in the package pahole"

// pahole returns the program that writes a build's BTF.
func pahole(b matrix.Build) string {
	if words := strings.Fields(b.Make["PAHOLE"]); len(words) > 0 {
		return words[0]
	}
	return "pahole"
}

// asksBTF reports whether configurations, the last line of which counts, ask
// for BTF.
func asksBTF(texts ...string) bool {
	asked := false
	for _, text := range texts {
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if name, ok := option(line); ok && name == optionBTF {
				asked = line == optionBTF+"=y"
			}
		}
	}
	return asked
}

// NeedsPahole checks that a build whose fragments ask for BTF has a pahole: who
// asks for it is told before anything is built.
func NeedsPahole(b matrix.Build, fragments []string) error {
	if !asksBTF(fragments...) || !lacksProgram(pahole(b)) {
		return nil
	}
	return fmt.Errorf("build %s: a fragment asks for %s, and there is no %s to make it: %s; or leave the option out", b.Name, optionBTF, pahole(b), mendBTF)
}

// WithoutBTF turns BTF off in a configuration that was made elsewhere where it
// asks for it and there is no pahole here, and says so: note is "" where the
// configuration stays as it is.
func WithoutBTF(b matrix.Build, config string) (text, note string) {
	if !asksBTF(config) || !lacksProgram(pahole(b)) {
		return config, ""
	}
	return config + "\n# " + optionBTF + " is not set\n",
		fmt.Sprintf("the configuration %s asks for BTF (%s), and there is no %s to make it: it is built without; %s", b.Config, optionBTF, pahole(b), mendBTF)
}

// Pahole returns what identifies the pahole of a build, "" where the
// configuration and its fragments ask for no BTF, or nothing makes it.
func Pahole(ctx context.Context, b matrix.Build, texts ...string) (string, error) {
	if !asksBTF(texts...) {
		return "", nil
	}
	path, err := exec.LookPath(pahole(b))
	if err != nil {
		return "", nil //nolint:nilerr // then it makes no difference
	}
	out, err := proc.Run(ctx, proc.Cmd{Path: path, Args: []string{"--version"}})
	if err != nil {
		return "", fmt.Errorf("build %s: ask %s for its version: %w", b.Name, path, err)
	}
	return "pahole " + strings.TrimSpace(string(out)), nil
}
