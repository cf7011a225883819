package compare

import "kmatrix/matrix"

// Locate attaches to costs that are compared where their differences are, as far as
// there are profiles of both cells.
func (c *Comparison) Locate(profiles []matrix.Profile) {
	of := map[string]matrix.Profile{}
	for _, p := range profiles {
		of[p.Cell] = p
	}
	for r := range c.Rows {
		row := &c.Rows[r]
		for i := range row.Cells {
			for _, k := range row.Cells[i].Deltas {
				here, one := of[matrix.Cell{Kernel: c.Columns[i].Name, Machine: row.Machine, Probe: row.Probe}.ID()]
				there, two := of[matrix.Cell{Kernel: k.Against, Machine: row.Machine, Probe: row.Probe}.ID()]
				if k.Ratio > 0 && one && two {
					k.Locate(here, there)
				}
			}
		}
	}
}
