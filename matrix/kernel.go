package matrix

// Contract is what a kernel promises about data that a call such as splice has
// moved into a pipe or a socket, once the call has returned.
type Contract string

const (
	// NoContract promises nothing: whatever a probe observes is accepted.
	NoContract Contract = ""
	// Snapshot promises that later changes of the source are not seen at the
	// destination.
	Snapshot Contract = "snapshot"
	// Reference promises less: the destination may refer to the source, so that
	// later changes of it may be seen. What the source never held is no change of it.
	Reference Contract = "reference"
)

// Contracts lists the contracts that kernels.yaml may name.
var Contracts = []Contract{Reference, Snapshot}

// Allows reports whether a kernel that claims c may show the class of an observation.
// Snapshot allows stable alone, and Reference what the source holds before or after the
// mutation: stable, changed, zeroed and mixed. Clobbered and torn data, which were never
// the source's, are allowed by neither: splice(2) lets one expect the data that were
// moved, and who reads a reference can expect what the file holds. With NoContract,
// every class is accepted.
func (c Contract) Allows(class Class) bool {
	switch c {
	case NoContract:
		return true
	case Snapshot:
		return class == Stable
	case Reference:
		return class == Stable || class == Changed || class == Zeroed || class == Mixed
	}
	return false
}

// Kernel is a named column: where it comes from, how it is built, which
// contract it claims.
type Kernel struct {
	Name     string   `json:"name"`
	Contract Contract `json:"contract,omitempty"`
	Source   Source   `json:"source"`
	// Build names an entry of builds; empty for sources that need no build.
	Build string `json:"build,omitempty"`
	// Base names the kernel whose source and build this one has, "" for its
	// own; that kernel has no base itself.
	Base string `json:"base,omitempty"`
	// Series are applied to the source in this order: paths or URLs of mail
	// boxes, directories of patches, saved threads.
	Series []string `json:"series,omitempty"`
	// Append is added to the kernel command line.
	Append string `json:"append,omitempty"`
	// OnRequest tells that a run takes it only where it is named (default: false
	// in kernels.yaml, and -k).
	OnRequest bool `json:"on_request,omitempty"`
	// Known and Ignore are patterns of reports' titles, see [MatchTitle]: what
	// matches Known is marked so, and what matches Ignore is left out.
	Known  []string `json:"known,omitempty"`
	Ignore []string `json:"ignore,omitempty"`
}

// SourceOf names the kernel whose source it is: its base, or itself.
func (k Kernel) SourceOf() string {
	if k.Base != "" {
		return k.Base
	}
	return k.Name
}

// Source says where a kernel comes from. Kind is the key that chose it
// ("deb", "tarball", …); Fields are all keys of the mapping, Kind's included:
// Fields["deb"] is the package, Fields["suite"] the suite.
type Source struct {
	Kind   string            `json:"kind"`
	Fields map[string]string `json:"fields"`
}

// SourceKind describes a kind of source to those who must know which exist but
// not how they work: the parser of kernels.yaml, its JSON Schema and the help.
type SourceKind struct {
	// Name is both the kind and the key that selects it.
	Name string
	// Doc is one sentence for the help.
	Doc string
	// Fields are the keys of the source's mapping, Name's own first.
	Fields []SourceField
	// Builds tells that it is source code, which a [Build] makes an image of.
	Builds bool
}

// SourceField is one key of a source's mapping.
type SourceField struct {
	Name     string
	Doc      string
	Required bool
	// Pattern is an RE2 expression that a value must match as a whole; empty
	// allows any text but the empty one.
	Pattern string
	// Example is a value that matches.
	Example string
}

// Image is a bootable kernel on disk.
type Image struct {
	// Kernel is the name of the column.
	Kernel string `json:"kernel"`
	// Version is the full version of what was fetched or built, for example
	// the Debian version "6.1.158-1".
	Version string `json:"version"`
	// Release is what uname -r says in the guest, for example
	// "6.1.0-41-cloud-amd64"; it names the directory of modules.
	Release string `json:"release"`
	// Boot is the path of the file that QEMU boots.
	Boot string `json:"-"`
	// PVH tells that Boot is an uncompressed ELF vmlinux with a PVH entry
	// point; otherwise it is a bzImage.
	PVH bool `json:"pvh"`
	// Modules is the directory with the modules (lib/modules/RELEASE), "" when
	// the kernel has none.
	Modules string `json:"-"`
	// Symbols is the path of a vmlinux with debug information, "" when there is none.
	Symbols string `json:"-"`
	// Config is the path of the kernel's configuration, "" when unknown.
	Config string `json:"-"`
	// ConfigDigest is the sha256 of the configuration in hex, "" when it is
	// unknown. The configuration names the compiler, too.
	ConfigDigest string `json:"config_digest,omitempty"`
	// Digest is "sha256:" and 64 hex digits over boot file and modules.
	Digest string `json:"digest"`
	// Origin says in one line where it came from: URL or path.
	Origin string `json:"origin"`
	// Trust is what vouches for what came from there.
	Trust Trust `json:"trust,omitempty"`
	// Built says how it was built; nil for one that came as it is.
	Built *Built `json:"built,omitempty"`
}
