package sys

import (
	"encoding/binary"
	"testing"
)

func TestOrders(t *testing.T) {
	const other = 1 << 3
	// A page of its own, a folio of 4, one of 2, and another page of its own.
	list := []uint64{other, flagHead, flagTail | other, flagTail, flagTail, flagHead | other, flagTail, other}
	var flags []byte
	for _, f := range list {
		flags = binary.LittleEndian.AppendUint64(flags, f)
	}
	for at, want := range []int{0, 2, 2, 2, 2, 1, 1, 0} {
		if got, ok := orderAt(flags, at); got != want || !ok {
			t.Errorf("the page %d is in a folio of order %d, %v; want %d", at, got, ok, want)
		}
	}
	if order, ok := orderAt(flags[2*8:], 1); ok {
		t.Errorf("tails without a head are a folio of order %d", order)
	}
	if order, ok := orderAt(flags, len(list)); ok {
		t.Errorf("a page that was not read is in a folio of order %d", order)
	}
	if order, ok := orderAt(flags[:6*8+7], 6); ok {
		t.Errorf("a page of which a part was read is in a folio of order %d", order)
	}
}
