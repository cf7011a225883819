package profile

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"kmatrix/matrix"
)

// kallsyms are lines as kernels print them: aliases, copies that the compiler made,
// data, modules out of order, and what ends the kernel's text.
const kallsyms = `0000000000000000 A fixed_percpu_data
ffffffff81000000 T _stext
ffffffff81000000 T _text
ffffffff81001000 t copy_page_to_iter.part.0
ffffffff81002000 W memcpy
ffffffff81002000 T __memcpy
ffffffff81003000 t filemap_read.constprop.0.isra.1
ffffffff81003800 t filemap_read.cold
ffffffff81004000 T _etext
ffffffff82000000 D jiffies
ffffffffc0100000 t xfs_file_read_iter	[xfs]
ffffffffc0000000 t vp_notify	[virtio_pci]
`

func TestFind(t *testing.T) {
	s, err := parseSymbols(strings.NewReader(kallsyms))
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[uint64]string{
		0xffffffff80ffffff: "",
		0xffffffff81001000: "copy_page_to_iter ",
		0xffffffff81001fff: "copy_page_to_iter ",
		0xffffffff81002010: "__memcpy ",
		0xffffffff81003004: "filemap_read ",
		0xffffffff81003804: "filemap_read ",
		0xffffffff81004000: "",
		0xffffffff82000004: "",
		0xffffffffc0000040: "vp_notify virtio_pci",
		0xffffffffc0100040: "xfs_file_read_iter xfs",
		0xffffffffc0110001: "",
		1 << 40:            "",
	} {
		got := ""
		if name, ok := s.find(address); ok {
			got = name.function + " " + name.module
		}
		if got != want {
			t.Errorf("%x is in %q, want %q", address, got, want)
		}
	}
}

func TestSymbolsThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "no addresses",
		"0000000000000000 T _stext\n":           "no addresses",
		"ffffffff81000000 T _stext\nnonsense\n": `"nonsense"`,
		"xyz T _stext\n":                        "invalid syntax",
		strings.Repeat("a", 1<<17):              "too long",
	} {
		if _, err := parseSymbols(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: %v, want …%s…", text, err, want)
		}
	}
}

func TestCount(t *testing.T) {
	s, err := parseSymbols(strings.NewReader(kallsyms + "ffffffffc0200000 t " + strings.Repeat("l", matrix.MaxSymbol+1) + "\t[rust]\n"))
	if err != nil {
		t.Fatal(err)
	}
	var samples []Sample
	for _, n := range []struct {
		address uint64
		kernel  bool
		times   int
	}{
		{0xffffffff81003004, true, 2}, {0xffffffff81003804, true, 3}, {0xffffffff81001010, true, 7}, {0xffffffffc0100040, true, 5},
		{0x400000, false, 4}, {0xffffffff81004100, true, 1}, {0xffffffffc0200010, true, 6},
	} {
		for range n.times {
			samples = append(samples, Sample{Address: n.address, Kernel: n.kernel, Pass: len(samples) / 3})
		}
	}
	want := &matrix.ProfileCounts{
		Samples: 28, User: 4, Unlocated: 1, Rest: 6,
		Functions: []matrix.FunctionSamples{{Name: "copy_page_to_iter", Samples: 7, Squares: 1 + 9 + 9}, {Name: "filemap_read", Samples: 5, Squares: 9 + 4}, {Name: "xfs_file_read_iter", Module: "xfs", Samples: 5, Squares: 9 + 4}},
	}
	if diff := cmp.Diff(want, Count(samples, s)); diff != "" {
		t.Error(diff)
	}
}

func TestCountNamesNoMoreThanFit(t *testing.T) {
	var text strings.Builder
	var samples []Sample
	for i := range matrix.MaxFunctions + 2 {
		fmt.Fprintf(&text, "%x T f%03d\n", 0xffffffff81000000+uint64(i)*16, i)
		for range 1 + i {
			samples = append(samples, Sample{Address: 0xffffffff81000004 + uint64(i)*16, Kernel: true})
		}
	}
	s, err := parseSymbols(strings.NewReader(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	p := Count(samples, s)
	if len(p.Functions) != matrix.MaxFunctions || p.Rest != 1+2 || p.Functions[0].Name != "f257" || p.Functions[0].Samples != 258 {
		t.Errorf("%d functions, the first %+v, and %d samples of others", len(p.Functions), p.Functions[0], p.Rest)
	}
}

// record is one as the kernel writes it.
func record(kind uint32, misc uint16, words ...uint64) []byte {
	b := binary.NativeEndian.AppendUint32(nil, kind)
	b = binary.NativeEndian.AppendUint16(b, misc)
	b = binary.NativeEndian.AppendUint16(b, uint16(recordHeader+8*len(words)))
	for _, w := range words {
		b = binary.NativeEndian.AppendUint64(b, w)
	}
	return b
}

func TestRingIsReadAroundItsEnd(t *testing.T) {
	var text []byte
	text = append(text, record(unix.PERF_RECORD_SAMPLE, unix.PERF_RECORD_MISC_KERNEL, 0xffffffff81000000, 11)...)
	text = append(text, record(unix.PERF_RECORD_LOST, 0, 1, 3)...)
	text = append(text, record(5, 0, 1, 2, 3)...) // throttled
	text = append(text, record(unix.PERF_RECORD_SAMPLE, unix.PERF_RECORD_MISC_USER, 0x400000, 12)...)
	for begin := range uint64(256) {
		ring := make([]byte, 128)
		for i, b := range text {
			ring[(begin+uint64(i))%128] = b
		}
		var r records
		if err := r.take(ring, begin, begin+uint64(len(text))); err != nil {
			t.Fatalf("from %d: %v", begin, err)
		}
		if diff := cmp.Diff([]Sample{{0xffffffff81000000, 11, true, 0}, {0x400000, 12, false, 0}}, r.samples); diff != "" || r.lost != 3 {
			t.Fatalf("from %d, %d lost: %s", begin, r.lost, diff)
		}
	}
}

func TestRecordsThatAreNone(t *testing.T) {
	for name, text := range map[string][]byte{
		"no size":    make([]byte, 8),
		"too long":   record(unix.PERF_RECORD_SAMPLE, 0, 1, 2)[:16],
		"too short":  record(unix.PERF_RECORD_SAMPLE, 0, 1),
		"short loss": record(unix.PERF_RECORD_LOST, 0, 1),
	} {
		ring := make([]byte, 64)
		copy(ring, text)
		if err := (&records{}).take(ring, 0, uint64(len(text))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := (&records{}).take(make([]byte, 64), 0, 65); err == nil {
		t.Error("more than the ring holds: no error")
	}
}

// TestShiftedPassesAreSampledEvenly lays samples along passes of lengths that
// periods divide. Taking a sample takes time as well, in which a pass does not go on.
func TestShiftedPassesAreSampledEvenly(t *testing.T) {
	p, err := newPhase()
	if err != nil {
		t.Fatal(err)
	}
	const parts, taking = 8, 4000
	p.most = 2 * period // a round is a nanosecond here
	for _, pass := range []int64{3 * (period - taking), 5 * period, 71_303} {
		var hits [parts]int
		next, n := int64(period), 0
		goOn := func(time int64, each func(at int64)) {
			at := int64(0)
			for ; at+next < time; next = period - taking {
				at += next
				each(at)
			}
			next -= time - at
		}
		for range 20_000 {
			goOn(p.random.Int64N(p.most), func(int64) {})
			goOn(pass, func(at int64) { hits[at*parts/pass]++; n++ })
		}
		for i, h := range hits {
			if share := float64(h) * parts / float64(n); share < 0.97 || share > 1.03 {
				t.Errorf("passes of %d ns: part %d got %.3f of what is even", pass, i, share)
			}
		}
	}
}

func TestFunctionDropsWhatCompilersAdd(t *testing.T) {
	for symbol, want := range map[string]string{
		"f": "f", "f.isra.0": "f", "f.part.0.isra.0": "f", "f.cold": "f", "f.constprop.12.cold": "f", "f.llvm.123": "f", "f.party": "f.party", "__SCT__f.g": "__SCT__f.g",
	} {
		if got := Function(symbol); got != want {
			t.Errorf("%s is %s, want %s", symbol, got, want)
		}
	}
}
