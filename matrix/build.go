package matrix

import "strings"

// Build is a named way to configure and build kernels.
type Build struct {
	Name string `json:"name"`
	// Config is where the configuration begins: "tiny" (tinyconfig),
	// "defconfig", "kernel:" and the name of a kernel whose configuration,
	// without its modules, is taken, or the path of a file.
	Config string `json:"config"`
	// Fragments are applied on top, in their order: paths of files, or
	// "kmatrix.config", what the probes need.
	Fragments []string `json:"fragments,omitempty"`
	// Make are variables for make, for example WERROR=0.
	Make map[string]string `json:"make,omitempty"`
	// Jobs is how many compilers run at once; 0 means as many as CPUs.
	Jobs int `json:"jobs,omitempty"`
}

// ConfigKernel returns the kernel whose configuration the build begins with;
// "" when it begins with another.
func (b Build) ConfigKernel() string {
	if name, ok := strings.CutPrefix(b.Config, "kernel:"); ok {
		return name
	}
	return ""
}

// Built says how an image was built.
type Built struct {
	// Build is the name of the [Build].
	Build string `json:"build"`
	// Compiler is the first line of its --version and, behind "with", the flags
	// that the build adds to the kernel's own.
	Compiler string  `json:"compiler"`
	Seconds  float64 `json:"seconds"`
	// Incremental tells that it began with the objects of its base.
	Incremental bool `json:"incremental,omitempty"`
	// Warnings are the compiler's, each once.
	Warnings []Warning `json:"warnings,omitempty"`
}

// Warning is a compiler's warning by what identifies it: line numbers move.
type Warning struct {
	File string `json:"file"`
	// Kind is the option that controls it, for example "-Wunused-variable".
	Kind string `json:"kind,omitempty"`
	Text string `json:"text"`
}
