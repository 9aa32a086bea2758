package main

import (
	"cmp"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"reactorbench/results"
)

// A study is a run arranged for reading: workload by workload, each implementation with its look and its failures.
type study struct {
	Run       *results.Run
	Name      string // of the run's folder
	Workloads []workload
	Looks     map[string]look
	Echo      correctness
}

// A workload holds one summary for each implementation, and the cells behind it.
type workload struct {
	Name    string
	Rows    []results.Summary // cheapest per request first, those without figures last
	Records []results.Record
}

// newStudy arranges run.
func newStudy(run *results.Run) (study, error) {
	if err := run.OneEngine(); err != nil {
		return study{}, err
	}
	conformance, err := run.Conformance()
	if err != nil {
		return study{}, err
	}
	s := study{Run: run, Name: runName(run.Dir()), Echo: judge(conformance)}
	for _, summary := range results.Summarise(run.Cells()) {
		if n := len(s.Workloads); n == 0 || s.Workloads[n-1].Name != summary.Workload {
			s.Workloads = append(s.Workloads, workload{Name: summary.Workload})
		}
		last := &s.Workloads[len(s.Workloads)-1]
		last.Rows = append(last.Rows, summary)
	}
	for i := range s.Workloads {
		s.Workloads[i].fill(run.Cells())
	}
	slices.SortStableFunc(s.Workloads, func(a, b workload) int {
		return cmp.Or(compareBool(a.idle(), b.idle()), cmp.Compare(a.shape().MessageBytes, b.shape().MessageBytes),
			cmp.Compare(a.shape().Depth, b.shape().Depth), cmp.Compare(a.shape().Conns, b.shape().Conns))
	})
	s.Looks = looks(append(s.implementations(), implsOf(run.Records())...))
	return s, nil
}

// besides are the workloads of records that serve another purpose than the comparison and have no cells in it, by name.
func (s study) besides() (names []string) {
	compared := map[string]bool{}
	for _, w := range s.Workloads {
		compared[w.Name] = true
	}
	for _, r := range s.Run.Records() {
		if !compared[r.Workload] {
			names = append(names, r.Workload)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (w *workload) fill(records []results.Record) {
	for _, r := range records {
		if r.Workload == w.Name {
			w.Records = append(w.Records, r)
		}
	}
	slices.SortStableFunc(w.Rows, func(a, b results.Summary) int {
		return cmp.Or(compareBool(a.Blocks == 0, b.Blocks == 0), cmp.Compare(w.cost(a), w.cost(b)))
	})
}

// cost is what a workload is about: bytes for idle connections, CPU for requests.
func (w workload) cost(s results.Summary) float64 {
	if w.idle() {
		return s.BytesPerIdleConn.Median
	}
	return s.CPUPerRequestNs.Median
}

// compareBool sorts false before true.
func compareBool(a, b bool) int {
	return cmp.Compare(strconv.FormatBool(a), strconv.FormatBool(b))
}

// shape is any of the summaries: the connections, the depth and the size are the workload's.
func (w workload) shape() results.Summary { return w.Rows[0] }

func (w workload) idle() bool { return w.shape().Loop == "idle" }

func (w workload) open() bool { return w.shape().Loop == "open" }

// loop names what decides when a request is sent, for a caption.
func (w workload) loop() string { return w.shape().Loop + " loop" }

// latency names what a latency of the workload is.
func (w workload) latency() string {
	if w.open() {
		return "response time, from the moment for which the request was planned"
	}
	return "service time of a closed loop"
}

// runName is the folder's own name, also for "." and a trailing slash.
func runName(dir string) string {
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	return filepath.Base(dir)
}

// implementations are all that the run knows of, in the order of the conformance report and then by name.
func (s study) implementations() (names []string) {
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, im := range s.Echo.Impls {
		add(im.Name)
	}
	reported := len(names)
	for _, r := range s.Run.Cells() {
		add(r.Impl)
	}
	slices.Sort(names[reported:])
	return names
}

// conditions says in words what the clients did.
func (w workload) conditions() string {
	shape := w.shape()
	if w.idle() {
		return countOf(shape.Conns, "connection") + " that echoed once and then only exist"
	}
	if w.open() {
		return countOf(shape.Conns, "connection") + ", " + countOf(shape.MessageBytes, "byte") + " a request, " +
			rateTick(shape.AskedPerSecond) + " requests a second by plan (" + shape.Arrivals + ")"
	}
	perConnection := countOf(shape.Depth, "request") + " in flight on each"
	return countOf(shape.Conns, "connection") + ", " + perConnection + ", " + countOf(shape.MessageBytes, "byte") + " a request"
}

// evidence says how many blocks stand behind the rows and what their intervals are worth.
func evidence(estimates []results.Estimate) string { return evidenceOf("block", estimates) }

// evidenceOf does so where the unit of the statistics has another name.
func evidenceOf(noun string, estimates []results.Estimate) string {
	fewest, most := estimates[0], estimates[0]
	for _, e := range estimates {
		if e.N < fewest.N {
			fewest = e
		}
		if e.N > most.N {
			most = e
		}
	}
	blocks := countOf(most.N, noun)
	if fewest.N != most.N {
		blocks = strconv.Itoa(fewest.N) + " to " + blocks
	}
	switch {
	case fewest.Trusted():
		return "median and 95% interval of " + blocks
	case most.Trusted():
		return "median and 95% interval of " + blocks + " (lowest to highest where there are fewer than 6)"
	}
	return "median of " + blocks + ", too few for a 95% interval (6 are needed): the bar is lowest to highest"
}

// basis is what stands behind one estimate.
func basis(e results.Estimate) string {
	if e.Trusted() {
		return "95% interval of " + countOf(e.N, "block")
	}
	return "lowest to highest of " + countOf(e.N, "block")
}

// Footnote is the environment in a line: no chart is worth anything without it.
func (s study) Footnote() string {
	parts := []string{"environment unknown: the run has no env.json"}
	commit, dirty := s.commit()
	if env := s.Run.Env(); env != nil {
		m := env.Machine
		parts = []string{
			strings.TrimSpace(m.OS + " " + m.Kernel),
			strconv.Itoa(m.LogicalCPUs) + " × " + cmp.Or(m.CPUModel, "unknown CPU"),
			env.Go.Version,
			countOf(max(1, env.Plan.Loops), "event loop") + ", GOMAXPROCS " + strconv.Itoa(cmp.Or(env.Plan.Gomaxprocs, max(1, env.Plan.Loops))),
		}
	}
	if dirty {
		commit += " with local changes"
	}
	return strings.Join(append(parts, "commit "+commit, "run "+s.Name), " · ")
}

// commit is the suite's, from the environment or else from any record.
func (s study) commit() (commit string, dirty bool) {
	if env := s.Run.Env(); env != nil {
		return cmp.Or(env.Commit, "unknown"), env.Dirty
	}
	for _, r := range s.Run.Cells() {
		return cmp.Or(r.Commit, "unknown"), r.Dirty
	}
	return "unknown", false
}
