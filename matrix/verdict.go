package matrix

// Verdict says how a cell stands to another.
type Verdict string

const (
	// NoVerdict: there is nothing to compare, as in the baseline's own column.
	NoVerdict Verdict = ""
	// VerdictSame: the outcomes and classes are equal, or the costs within the margin.
	VerdictSame Verdict = "same"
	// VerdictDiffers: they are not.
	VerdictDiffers Verdict = "differs"
	// VerdictBetter and VerdictWorse: the costs differ.
	VerdictBetter Verdict = "better"
	VerdictWorse  Verdict = "worse"
	// VerdictNotOrdered: they differ, and neither is the better one: what the disks read
	// differs, and the time of the CPU does not say the same.
	VerdictNotOrdered Verdict = "not-ordered"
	// VerdictInconclusive: the samples, or boots that disagree, allow no claim.
	VerdictInconclusive Verdict = "inconclusive"
)

// CostsDiffer reports whether the verdict is of costs that are shown to differ.
func (v Verdict) CostsDiffer() bool {
	return v == VerdictBetter || v == VerdictWorse || v == VerdictNotOrdered
}
