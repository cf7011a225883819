// Package all registers every probe with [kmatrix/guest/probe]; a program that
// asks or lists probes imports it for that.
package all

import (
	_ "kmatrix/guest/probe/cost"      // the families cost/…
	_ "kmatrix/guest/probe/overfill"  // the family stability/overfill
	_ "kmatrix/guest/probe/stability" // the families stability/…
	_ "kmatrix/guest/probe/stress"    // the families stress/…
)
