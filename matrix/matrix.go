// Package matrix holds the words of kmatrix as types.
//
// A [Kernel] is a named column of the matrix and a [Machine] the guest it runs
// in; a [Probe] is one question. Kernel × Machine × Probe is a [Cell]. Booting
// a kernel's [Image] answers a batch of cells, and every cell ends, per boot,
// with one [Result], whose [Outcome] says what became of it and whose
// [Observation] or [Sample] says what was seen.
//
// What a kernel does wrong is an Outcome, which is data. What kmatrix does
// wrong is a Go error. The two never mix.
//
// The package imports nothing but the standard library, and nothing of
// kmatrix: every other package speaks in its words.
package matrix
