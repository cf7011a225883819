package ktap

import (
	"fmt"
	"hash/maphash"
)

const (
	// maxNumber is the largest number of a test that is kept in mind.
	maxNumber = 1 << 20
	// maxResult is the largest whose result is, too.
	maxResult = 1 << 12
)

// numbers are those of the results of one list of tests, which count from 1.
type numbers struct {
	// seen has a bit for each.
	seen []uint64
	// results are hashes of the first with each number.
	results map[int]uint64
	last    int
	// twice are results whose number an earlier one has, and late those that come
	// behind one with a higher number.
	twice, late oddity
}

var seed = maphash.MakeSeed()

// oddity counts results that are irregular; first is the number of the first.
type oddity struct{ n, first, after int }

func (o *oddity) add(number, after int) {
	if o.n++; o.n == 1 {
		o.first, o.after = number, after
	}
}

// add takes the next result. One without a number has the one behind the last. It
// reports whether an earlier one is the same, number and all.
func (s *numbers) add(r result) (again bool) {
	number := r.number
	if number < 0 {
		number = s.last + 1
	}
	if number > maxNumber {
		return false
	}
	word, bit := number/64, uint64(1)<<(number%64)
	for len(s.seen) <= word {
		s.seen = append(s.seen, 0)
	}
	switch {
	case s.seen[word]&bit != 0:
		s.twice.add(number, s.last)
	case number < s.last:
		s.late.add(number, s.last)
	}
	s.seen[word] |= bit
	s.last = max(s.last, number)
	if s.results == nil {
		s.results = map[int]uint64{}
	}
	hash := maphash.Comparable(seed, r)
	first, known := s.results[number]
	if !known && number <= maxResult {
		s.results[number] = hash
	}
	return known && first == hash
}

// missing returns the first number below the last that no result has, and how many
// there are.
func (s *numbers) missing() (first, n int) {
	for i := 1; i < s.last; i++ {
		if s.seen[i/64]&(1<<(i%64)) == 0 {
			if n++; n == 1 {
				first = i
			}
		}
	}
	return first, n
}

// irregular returns what is wrong with the numbers, a text each.
func (s *numbers) irregular() (list []string) {
	more := func(text string, n int) {
		if n > 1 {
			text += fmt.Sprintf(", and %d more", n-1)
		}
		list = append(list, text)
	}
	if o := s.twice; o.n > 0 {
		more(fmt.Sprintf("the number %d is there twice", o.first), o.n)
	}
	if o := s.late; o.n > 0 {
		more(fmt.Sprintf("the number %d is out of order, behind %d", o.first, o.after), o.n)
	}
	if first, n := s.missing(); n > 0 {
		more(fmt.Sprintf("the number %d is missing", first), n)
	}
	return list
}
