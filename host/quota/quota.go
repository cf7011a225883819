// Package quota divides a limited amount, such as room on a disk, into equal parts, so that
// an owner who takes much leaves the others theirs.
package quota

import "sync"

// Quota is what each of several owners may take of an amount. It may be used by several
// goroutines.
type Quota struct {
	each  int64
	mu    sync.Mutex
	taken map[string]int64
}

// New returns a quota of total for that many owners.
func New(total int64, owners int) *Quota {
	return &Quota{each: total / int64(max(1, owners)), taken: map[string]int64{}}
}

// Each returns how much one owner may take in all.
func (q *Quota) Each() int64 { return q.each }

// Take takes as much as the owner has left, up to want, and returns how much that is.
func (q *Quota) Take(owner string, want int64) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	got := max(0, min(want, q.each-q.taken[owner]))
	q.taken[owner] += got
	return got
}

// Return gives back a part of what the owner has taken.
func (q *Quota) Return(owner string, n int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.taken[owner] -= n
}
