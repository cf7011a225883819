package host

import (
	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

// scratch returns the room of those probes that ask for some, on that machine. Where
// it is depends on these two alone, so that it is the same for all kernels.
func (r *Runner) scratch(machine string, probes []string) map[string]wire.Scratch {
	all := map[string]wire.Scratch{}
	for _, name := range probes {
		if p := r.probe(name).Program; p != nil && p.ScratchMiB > 0 {
			all[name] = wire.Scratch{MiB: p.ScratchMiB, Disk: !matrix.ScratchInMemory(r.machine(machine).MemoryMiB, p.ScratchMiB)}
		}
	}
	return all
}
