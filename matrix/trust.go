package matrix

// Trust is what vouches for the bytes of a kernel's source.
type Trust string

const (
	// TrustUnknown: it is not resolved yet, or the run is older than this word.
	TrustUnknown Trust = ""
	// TrustLocal: nothing was fetched, it is of this machine.
	TrustLocal Trust = "local"
	// TrustDigest: kernels.yaml names the content, by a digest or a commit.
	TrustDigest Trust = "digest"
	// TrustSigned: a list that a key of a keyring has signed has its digest.
	TrustSigned Trust = "signed"
	// TrustFirstUse: nobody. What was fetched first is recorded in kernels.lock, and
	// anything else is refused from then on.
	TrustFirstUse Trust = "first-use"
)

// String says it in a few words, none where it is not known.
func (t Trust) String() string {
	switch t {
	case TrustLocal:
		return "of this machine"
	case TrustDigest:
		return "as kernels.yaml has its digest"
	case TrustSigned:
		return "as a signed list has its digest"
	case TrustFirstUse:
		return "trusted on first use"
	}
	return string(t)
}
