package oops

import "kmatrix/matrix"

// lockRules are for what lockdep found, which names places in its own words before any
// stack. The lines are those of kernel/locking/{lockdep,spinlock_debug}.c; old kernels
// wrote INFO or BUG for WARNING.
var lockRules = []rule{
	{kind: matrix.KindLockdep, mark: "circular locking", re: re(`WARNING: possible circular locking dependency detected`), title: "possible deadlock", in: true, site: circular, skip: oneOf(`process_one_work`, `(?:flush|drain|destroy)_workqueue`)},
	{kind: matrix.KindLockdep, mark: "lock", re: re(`possible (?:circular locking dependency|recursive locking) detected`), title: "possible deadlock", in: true, site: siteBehind("is trying to acquire lock")},
	{kind: matrix.KindLockdep, mark: "lock inversion", re: re(`possible irq lock inversion dependency detected`), title: "possible deadlock", in: true, site: siteBehind("just changed the state of lock")},
	{kind: matrix.KindLockdep, mark: "lock order", re: re(`WARNING: \w+-safe -> \w+-unsafe lock order detected`), title: "possible deadlock", in: true, site: became},
	{kind: matrix.KindLockdep, mark: "lock order", re: re(`\w+-safe -> \w+-unsafe lock order detected`), title: "possible deadlock", in: true, site: siteBehind("is trying to acquire")},
	{kind: matrix.KindLockdep, mark: "inconsistent lock state", re: re(`(?:WARNING|INFO): inconsistent lock state`), title: "inconsistent lock state", in: true},
	{kind: matrix.KindLockdep, mark: "bad unlock balance", re: re(`(WARNING|BUG): bad unlock balance detected`), title: "$1: bad unlock balance", in: true, site: unlocks},
	{kind: matrix.KindLockdep, mark: "lock held", re: re(`(WARNING|BUG): lock held when returning to user ?space`), title: "$1: lock held when returning to user space", in: true, site: siteBehind("leaving the kernel with locks still held")},
	{kind: matrix.KindLockdep, mark: "locks held", re: re(`(WARNING|BUG): .{1,60} still has locks held`), title: "$1: still has locks held", in: true, site: siteBehind("still has locks held")},
	{kind: matrix.KindLockdep, mark: "held lock freed", re: re(`(WARNING|BUG): held lock freed`), title: "$1: held lock freed", in: true, site: siteBehind("held lock freed")},
	{kind: matrix.KindLockdep, mark: "suspicious RCU usage", re: re(`(WARNING|INFO): suspicious RCU usage`), title: "$1: suspicious RCU usage", in: true, skip: oneOf(`rcu`, `kmem`, `slab`)},
	{kind: matrix.KindLockdep, mark: "Nested lock", re: re(`WARNING: Nested lock was not taken`), title: "WARNING: nested lock was not taken", in: true},
	{kind: matrix.KindLockdep, mark: "Invalid wait context", re: re(`BUG: Invalid wait context`), title: "WARNING: locking bug", in: true, skip: sockLocks},
	{kind: matrix.KindWarning, mark: "kernel/locking/lockdep.c", re: re(`WARNING: .*kernel/locking/lockdep\.c.*lock_`), title: "WARNING: locking bug", in: true, skip: sockLocks, role: detail},
	{kind: matrix.KindLockdep, mark: "non-static key", re: re(`INFO: trying to register non-static key`), title: "INFO: trying to register non-static key", in: true, skip: oneOf(`stack`, `lock`, `IRQ`)},
	{kind: matrix.KindSanityBug, mark: "lock ", re: re(`BUG: (spinlock|rwlock) (lockup suspected|already unlocked|recursion|cpu recursion|bad magic|wrong owner|wrong CPU|trylock failure on UP|[a-z ]+? on CPU)`), title: "BUG: $1 $2", in: true, skip: oneOf(`spin_`, `_lock`, `_unlock`)},
	{kind: matrix.KindLockdep, mark: "MAX_", re: re(`^(?:[\w. /-]{1,40}: )?(BUG: MAX_(?:LOCK|STACK)\w+ too low.*)`), title: "$1"},
	{kind: matrix.KindLockdep, mark: "workqueue leaked", re: re(`BUG: workqueue leaked`), title: "BUG: workqueue leaked lock or atomic", in: true, site: lastFunction},
}

var sockLocks = oneOf(`lock_sock`, `release_sock`)
