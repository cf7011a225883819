package oops

import "kmatrix/matrix"

// rulesOfLocks are of lockdep.
var rulesOfLocks = []rule{
	{mark: "lock", re: re(`(?:possible circular locking dependency|possible recursive locking|possible irq lock inversion dependency) detected`), title: "possible deadlock", in: true, kind: matrix.KindLockdep, naming: naming{locked: true, skip: skipWorkqueues}},
	{mark: "-unsafe lock order", re: re(`\w+-safe -> \w+-unsafe lock order detected`), title: "possible deadlock", in: true, kind: matrix.KindLockdep},
	{mark: "inconsistent lock state", re: re(`(?:WARNING|INFO): inconsistent lock state`), title: "inconsistent lock state", in: true, kind: matrix.KindLockdep, naming: naming{locked: true}},
	{mark: "bad unlock balance", re: re(`(WARNING|BUG): bad unlock balance detected`), title: "$1: bad unlock balance", in: true, kind: matrix.KindLockdep, naming: naming{locked: true}},
	{mark: "lock held", re: re(`(WARNING|BUG): lock held when returning`), title: "$1: lock held when returning to user space", in: true, kind: matrix.KindLockdep, naming: naming{locked: true}},
	{mark: "locks held", re: re(`(WARNING|BUG): .{1,60} still has locks held`), title: "$1: still has locks held", in: true, kind: matrix.KindLockdep, naming: naming{locked: true}},
	{mark: "held lock freed", re: re(`(WARNING|BUG): held lock freed`), title: "$1: held lock freed", in: true, kind: matrix.KindLockdep, naming: naming{locked: true}},
	{mark: "suspicious RCU usage", re: re(`(WARNING|INFO): suspicious RCU usage`), title: "$1: suspicious RCU usage", in: true, kind: matrix.KindLockdep, naming: naming{skip: skipRCU}},
	{mark: "Nested lock", re: re(`WARNING: Nested lock was not taken`), title: "WARNING: nested lock was not taken", in: true, kind: matrix.KindLockdep},
	{mark: "Invalid wait context", re: re(`BUG: Invalid wait context`), title: "BUG: Invalid wait context", in: true, kind: matrix.KindLockdep},
	{mark: "non-static key", re: re(`INFO: trying to register non-static key`), title: "INFO: trying to register non-static key", in: true, kind: matrix.KindLockdep, naming: naming{skip: re(`stack|lock|IRQ`)}},
	{mark: "MAX_LOCK", re: re(`BUG: (MAX_LOCK\w+) too low`), title: "BUG: $1 too low", kind: matrix.KindLockdep},
	{mark: "workqueue leaked", re: re(`BUG: workqueue leaked (lock or atomic|atomic, lock or RCU)`), title: "BUG: workqueue leaked $1", in: true, kind: matrix.KindLockdep},
}
