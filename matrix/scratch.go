package matrix

// ScratchDisk is the serial number of the disk that holds what external probes write
// where a guest's memory is too small for it.
const ScratchDisk = "scratch"

// ScratchInMemory reports whether a guest of that memory keeps that much scratch on a
// tmpfs: a quarter of its memory at most, so that the kernel and the test have the
// rest. Both are in MiB.
func ScratchInMemory(memoryMiB, scratchMiB int) bool { return scratchMiB <= memoryMiB/4 }
