package matrix

// MaxFunctions is how many functions a profile names; those with the fewest
// samples are counted in [Profile.Rest].
const MaxFunctions = 256

// MaxSymbol is the longest name of a function that a profile holds, in bytes: C's
// are shorter, and the kernel's own limit is 512.
const MaxSymbol = 128

// MaxSamples is more samples than any profile takes.
const MaxSamples = 1 << 24

// Profile is where a probe of cost spends its instructions, or its time. It comes from
// a guest of its own, so that taking it never touches what is measured.
type Profile struct {
	Kernel  string `json:"kernel"`
	Machine string `json:"machine"`
	Probe   string `json:"probe"`
	// Cell is the cell's [Cell.ID].
	Cell string `json:"cell"`
	// Boot is that of the guest, which has answered nothing else: its number is
	// above those of [Result.Boot]. Session is as in a result, and Clone.
	Boot    int  `json:"boot"`
	Session int  `json:"life,omitempty"`
	Clone   bool `json:"clone,omitempty"`
	// Missing says why there is no profile, "" when there is one.
	Missing string `json:"missing,omitempty"`
	ProfileCounts
}

// ProfileCounts are samples that were taken at an even pace within a probe's passes, by
// the functions that they hit: what a guest says of a profile. Samples = User +
// Unlocated + Rest + those of Functions.
type ProfileCounts struct {
	// Samples is how many fell into Passes passes.
	Samples int64 `json:"samples,omitempty"`
	Passes  int   `json:"passes,omitempty"`
	// Lost is how many samples the kernel had no room for.
	Lost int64 `json:"lost,omitempty"`
	// User samples hit user space: the probe's own loop and its system calls'
	// ends.
	User int64 `json:"user,omitempty"`
	// Unlocated samples hit the kernel where no symbol is.
	Unlocated int64 `json:"unlocated,omitempty"`
	// Rest are those of functions beyond [MaxFunctions] and [MaxSymbol].
	Rest int64 `json:"rest,omitempty"`
	// Functions are the kernel's, those with most samples first.
	Functions []FunctionSamples `json:"functions,omitempty"`
}

// FunctionSamples is how many samples hit a function of the kernel.
type FunctionSamples struct {
	// Name is the symbol's, without what a compiler adds for a part or a copy of
	// a function (".isra.0", ".cold").
	Name string `json:"name"`
	// Module is where it is, "" for the kernel itself.
	Module  string `json:"module,omitempty"`
	Samples int64  `json:"samples"`
	// Squares is the sum of the squares of how many hit it in each pass: what hits
	// a pass comes at an even pace, so that one pass is one draw.
	Squares int64 `json:"squares"`
}

// There reports whether there is a profile.
func (p Profile) There() bool { return p.Missing == "" && p.Samples > 0 }
