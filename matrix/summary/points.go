package summary

import (
	"slices"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// Point is one thing that a run comes to. Those fields are set that its Kind names.
type Point struct {
	Kind PointKind
	// Columns are the indexes of the kernels that it is of.
	Columns []int
	// Counts are, beside Columns, in how many cells that is so of each.
	Counts []int
	// Showing is what these cells show, and Probes names their rows, each once.
	Showing Showing
	Probes  []string
	// Title is that of the report of most of the crashes; "" where there is none.
	Title string
	// Against is the column that others are compared with, by Base as the base of theirs.
	// Of is how many cells can be compared, and Changes what became of those that differ.
	Against compare.Reference
	Of      int
	Changes []Change
	// Costs are how those of a column stand to those of Against.
	Costs *CostCounts
	// Reasons are why kernels were not tested.
	Reasons []compare.Reason
}

// PointKind is what sort of thing a [Point] tells.
type PointKind string

// The kinds, the most important first.
const (
	// NothingAnswered: no kernel answered anything.
	NothingAnswered PointKind = "nothing-answered"
	// KernelsCrashed: Columns crashed or hung, as Showing says, in so many Counts of
	// cells of Probes; Title is what most of them reported.
	KernelsCrashed PointKind = "crashed"
	// DataBroken: Columns show, in Counts of cells, what no contract allows.
	DataBroken PointKind = "data-broken"
	// ContractBroken: one of Columns shows in Counts of cells, of Probes, what its own
	// contract forbids.
	ContractBroken PointKind = "contract-broken"
	// BehaviourDiffers: Columns differ from Against all in the same way: Changes of Of cells.
	BehaviourDiffers PointKind = "behaviour-differs"
	// CostsDiffer: the Costs of one of Columns differ from those of Against.
	CostsDiffer PointKind = "costs-differ"
	// BehaviourSame: all Columns, with the baseline, answer alike, in Of rows.
	BehaviourSame PointKind = "behaviour-same"
	// CostsSame: no cost of one of Columns is shown to differ from Against's.
	CostsSame PointKind = "costs-same"
	// TestsFailed: Columns fail Probes, in so many Counts of cells.
	TestsFailed PointKind = "tests-failed"
	// NothingCompared: there is no answer of a baseline, or none beside it.
	NothingCompared PointKind = "nothing-compared"
	// BootsDisagree: in Counts of cells the boots of Columns show several things.
	BootsDisagree PointKind = "boots-disagree"
	// NotTested: Columns have no answer, for the same Reasons.
	NotTested PointKind = "not-tested"
	// PartlyAnswered: Columns have no answer in Counts of cells.
	PartlyAnswered PointKind = "partly-answered"
	// CostsIncomparable: costs of Columns are not compared with the baseline's, for their
	// builds differ.
	CostsIncomparable PointKind = "costs-incomparable"
	// OneBoot: each cell has one boot, so that whether boots agree is not known.
	OneBoot PointKind = "one-boot"
	// Asked: Columns were asked Of probes.
	Asked PointKind = "asked"
)

// Change is that so many cells show To where those of the other column show From.
type Change struct {
	From, To Showing
	Count    int
}

// CostCounts is how the costs of a column stand to those of another.
type CostCounts struct {
	Worse, Better, NotOrdered, Same, Inconclusive int
	// Reading counts those of Worse, Better and NotOrdered for which the disks read
	// otherwise.
	Reading int
	// Most is the one whose factor differs most among those that are ordered by the CPU's
	// time alone, or else among all that differ; its Delta is nil where none differs.
	Most compare.RowDelta
}

// All is how many were compared.
func (k CostCounts) All() int {
	return k.Worse + k.Better + k.NotOrdered + k.Same + k.Inconclusive
}

// Differing is how many differ.
func (k CostCounts) Differing() int { return k.Worse + k.Better + k.NotOrdered }

// perKind is how many points of one kind there are at most, so that others have room.
const perKind = 3

// points lists what a run comes to.
func points(c compare.Comparison, results []matrix.Result, s Summary) []Point {
	answered := slices.ContainsFunc(s.Kernels, func(k Kernel) bool { return k.Answered() > 0 })
	var list []Point
	if !answered && len(c.Columns) > 0 {
		list = append(list, Point{Kind: NothingAnswered, Columns: all(c)})
	}
	behaviour, costs := behaviours(c), costPoints(c)
	for _, of := range [][]Point{
		crashes(c, results), broken(c), contracts(c), first(behaviour, 2), first(costs, 1), alike(c, s), failures(c), uncompared(c), disagreeing(c),
		untested(c), behaviour[min(len(behaviour), 2):], costs[min(len(costs), 1):], partly(c, s), incomparable(c), few(c),
	} {
		list = append(list, first(of, perKind)...)
	}
	if len(c.Columns) > 0 {
		list = append(list, Point{Kind: Asked, Columns: all(c), Of: len(c.Rows)})
	}
	return list
}

// first returns the first points of a list.
func first(list []Point, n int) []Point { return list[:min(len(list), n)] }

// all lists the indexes of the columns.
func all(c compare.Comparison) []int {
	var list []int
	for i := range c.Columns {
		list = append(list, i)
	}
	return list
}

// label names a row, with its machine where it needs one.
func label(r compare.Row) string {
	if r.Machines > 1 {
		return r.Probe + " on " + r.Machine
	}
	return r.Probe
}

// showing makes a point of the columns with cells for which so is true; false where
// there are none.
func showing(c compare.Comparison, kind PointKind, so func(column int, cell compare.Cell) bool) (Point, bool) {
	p := Point{Kind: kind}
	for i := range c.Columns {
		n := 0
		for _, r := range c.Rows {
			if r.Cells[i].Answered() && so(i, r.Cells[i]) {
				n++
				if name := label(r); !slices.Contains(p.Probes, name) {
					p.Probes = append(p.Probes, name)
				}
			}
		}
		if n > 0 {
			p.Columns, p.Counts = append(p.Columns, i), append(p.Counts, n)
		}
	}
	return p, len(p.Columns) > 0
}

// shows returns whether a cell shows something in any of its boots that agree.
func shows(s Showing) func(int, compare.Cell) bool {
	return func(_ int, cell compare.Cell) bool {
		seen, ok := of(cell)
		return ok && seen == s
	}
}

func crashes(c compare.Comparison, results []matrix.Result) (list []Point) {
	for _, s := range []Showing{Crashed, Hung} {
		p, ok := showing(c, KernelsCrashed, shows(s))
		if !ok {
			continue
		}
		p.Showing, p.Title = s, title(results, matrix.Outcome(s))
		list = append(list, p)
	}
	return list
}

// title returns the title that most results of that outcome report.
func title(results []matrix.Result, outcome matrix.Outcome) string {
	counts, most := map[string]int{}, ""
	for _, r := range results {
		if r.Outcome != outcome || len(r.CrashReports) == 0 {
			continue
		}
		t := r.CrashReports[0].Title
		if counts[t]++; most == "" || counts[t] > counts[most] {
			most = t
		}
	}
	return most
}

// broken are what no contract allows.
func broken(c compare.Comparison) (list []Point) {
	for _, s := range []Showing{Torn, Source, Clobbered} {
		if p, ok := showing(c, DataBroken, shows(s)); ok {
			p.Showing = s
			list = append(list, p)
		}
	}
	return list
}

// contracts are of kernels that break a contract of their own, by what a weaker one
// allows.
func contracts(c compare.Comparison) (list []Point) {
	for i := range c.Columns {
		p, ok := showing(c, ContractBroken, func(column int, cell compare.Cell) bool {
			s := cell.Agreed()
			return column == i && !cell.Disagrees() && s.Outcome == matrix.Fail && s.Source == "" && s.Class != "" && matrix.Reference.Allows(s.Class)
		})
		if ok {
			list = append(list, p)
		}
	}
	return list
}

// failures are of tests, and of probes that could not run.
func failures(c compare.Comparison) []Point {
	if p, ok := showing(c, TestsFailed, shows(Failed)); ok {
		return []Point{p}
	}
	return nil
}

func disagreeing(c compare.Comparison) []Point {
	if p, ok := showing(c, BootsDisagree, shows(Disagreeing)); ok {
		return []Point{p}
	}
	return nil
}

// untested groups the columns without an answer by why.
func untested(c compare.Comparison) (list []Point) {
	for i := range c.Columns {
		u := c.Untested(i)
		if !u.All {
			continue
		}
		same := func(p Point) bool {
			return slices.EqualFunc(p.Reasons, u.Reasons, func(a, b compare.Reason) bool { return a.Outcome == b.Outcome && a.Detail == b.Detail })
		}
		at := slices.IndexFunc(list, same)
		if at < 0 {
			list, at = append(list, Point{Kind: NotTested, Reasons: u.Reasons}), len(list)
		}
		list[at].Columns = append(list[at].Columns, i)
	}
	return list
}

// partly are the columns that have answers, and cells without.
func partly(c compare.Comparison, s Summary) []Point {
	p := Point{Kind: PartlyAnswered}
	for _, k := range s.Kernels {
		if k.Missing > 0 && k.Answered() > 0 {
			p.Columns, p.Counts = append(p.Columns, k.Column), append(p.Counts, k.Missing)
		}
	}
	if len(p.Columns) == 0 {
		return nil
	}
	return []Point{p}
}

// few tells that the cells have one boot each.
func few(c compare.Comparison) []Point {
	for _, r := range c.Rows {
		for _, cell := range r.Cells {
			if len(cell.Results) > 1 {
				return nil
			}
		}
	}
	if len(c.Rows) == 0 {
		return nil
	}
	return []Point{{Kind: OneBoot}}
}
