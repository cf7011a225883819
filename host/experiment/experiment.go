// Package experiment has the policies of `kmatrix run`: which cells are asked, in which
// boots, for what.
//
// [Sequential] asks in more boots as long as verdicts are inconclusive, [Profile] once more
// for where the kernel spends what costs differ by, and an A/A run asks one kernel as two
// columns ([OneImage], [Calibrate]). [DefaultBoots] and [SequentialBoots] tell how many
// boots there are. All of it stands on one seam, [Runner], and on what a run has stored.
package experiment

import (
	"context"

	"kmatrix/host"
	"kmatrix/matrix"
)

// Runner answers cells in boots, and stores what comes of it, as [host.Runner.Run] does.
type Runner interface {
	Run(ctx context.Context, cells []matrix.Cell, boots host.BootRange) error
}
