package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reactorbench/results"
)

// besideRun is a run of sweeps and traces alone: six sweeps of bare, which sustains all, of gnet, which breaks at its eighth step, and
// of netpoll, where from the sixth on it is the client that breaks.
func besideRun() (all []results.Record) {
	named := func(r results.Record) results.Record {
		r.Schema, r.RunID, r.Commit, r.EnvID, r.Conns, r.MessageBytes = results.SchemaNumber, "run-1", "1a2b3c4", "0123456789ab", 64, 64
		return r
	}
	for sweep := range 6 {
		for i, impl := range []string{"bare", "gnet", "netpoll"} {
			capacity := 50000 - 8000*float64(i) + 300*float64(sweep)
			for at := range 10 {
				r := results.Record{Purpose: "sweep", Impl: impl, Workload: "open-5k", Loop: "open", Arrivals: "poisson", Block: at, AskedPerSecond: capacity * float64(at+1) / 10}
				r.RequestsPerSecond = r.AskedPerSecond
				r.LatencyP50Ns, r.LatencyP99Ns = int64(100000+20000*at+900*sweep), int64(300000*(1+at*at)+17000*sweep)
				if impl == "gnet" && at >= 7 || impl == "netpoll" && at >= 5 {
					r.ShortOf = "asked much, did less"
				}
				r.ClientLimited = impl == "netpoll" && at >= 5
				all = append(all, named(r))
			}
		}
	}
	for i, impl := range []string{"reactor/io_uring", "bare", "goroutine"} {
		calls := []map[string]int64{
			{"io_uring_enter": 60, "futex": 30},
			{"read": 1000, "write": 1000, "epoll_pwait": 20, "mmap": 1},
			{"read": 1040, "write": 1000, "epoll_pwait": 33, "nanosleep": 600},
		}[i]
		all = append(all, named(results.Record{Purpose: "syscalls", Impl: impl, Workload: "closed-64", Loop: "closed", Depth: 1, Requests: 1000, Syscalls: calls}))
	}
	return append(all, named(results.Record{
		Impl: "goroutine", Workload: "open-1k", Loop: "open", Arrivals: "poisson", AskedPerSecond: 1000, Time: time.Date(2026, 12, 1, 10, 22, 5, 0, time.UTC),
		Requests: 60000, RequestsPerSecond: 1000, DurationNs: 60e9, LatencyP99Ns: 1e6, OverTime: stalledOverTime(),
	}))
}

// stalledOverTime is a minute of a server that stands still from second 40 to 42; in second 20 nobody asks.
func stalledOverTime() *results.OverTime {
	over := &results.OverTime{Every: time.Second}
	for second := range 60 {
		h := results.NewHistogram()
		for i := range 1000 {
			ns := int64(80000 + 40*(i*i%997))
			if i%250 == second%250 {
				ns *= 30
			}
			if second == 40 || second == 41 {
				ns += int64(42-second)*1e9 - int64(i)*1e6
			}
			if second != 20 {
				h.Record(ns)
			}
		}
		over.Stretches = append(over.Stretches, h)
	}
	return over
}

func writeRun(t testing.TB, records []results.Record) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "2026-12-01T10-22-05Z-1a2b3c4")
	w, err := results.Append(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, r := range records {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := results.WriteEnv(dir, quick().env()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// besidePictures draws that run by file name.
func besidePictures(t testing.TB, records []results.Record) map[string]picture {
	t.Helper()
	drawn, err := studyIn(t, writeRun(t, records)).draw()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]picture{}
	for _, d := range drawn {
		for _, p := range d.pictures {
			all[p.File] = p
		}
	}
	return all
}

var foot = []string{"linux 6.18.5", "2 × Example CPU", "go1.26.8", "commit 1a2b3c4", "run 2026-12-01T10-22-05Z-1a2b3c4", "is better"}

// TestLoadIsSustainedOrNot: the figure is the last load that the server kept up with, and only a bound where the climb ended otherwise.
func TestLoadIsSustainedOrNot(t *testing.T) {
	p, ok := besidePictures(t, besideRun())["latency-by-load-open-5k"]
	if !ok {
		t.Fatal("a run with sweeps has no chart of them")
	}
	words := svgWords(t, p.svg)
	for _, want := range append(foot, "bare ≥ 50.8k/s", "gnet 29.9k/s", "netpoll ≥ 17.4k/s client-limited", "95% interval of 6 sweeps", "hollow: the client was the limit", "20k/s", "1 ms") {
		if !strings.Contains(words, want) {
			t.Errorf("the chart does not say %q; it says %s", want, words)
		}
	}
	if len(p.spots) != 30 {
		t.Errorf("%d places answer, want one for each of 3 × 10 steps", len(p.spots))
	}
	lost := 0
	for _, row := range p.Table.Rows {
		if strings.Contains(row[5], "not sustained") {
			lost++
		}
	}
	if lost != 3+5 {
		t.Errorf("%d rows are not sustained, want 3 of gnet and 5 of netpoll", lost)
	}
}

// TestNoLineLeadsPastTheFirstFailure: a step that comes out right by luck behind one that did not is no capacity.
func TestNoLineLeadsPastTheFirstFailure(t *testing.T) {
	steps := []step{{Offered: 1, Kept: true}, {Offered: 2, Kept: true}, {Offered: 3}, {Offered: 4, Kept: true}}
	if got := lastKept(steps); got != 1 {
		t.Errorf("the last step kept is %d, want 1", got)
	}
	if got := lastKept(steps[2:]); got != -1 {
		t.Errorf("a server that fails at once kept step %d", got)
	}
	if end, _ := sustainedWords(steps[2:], -1); end != "none" {
		t.Errorf("a server that fails at once sustained %q", end)
	}
	c := curve{Points: []curvePoint{{X: 1}, {X: 2}, {X: 3, Lost: true}, {X: 4, Lost: true}}}
	if got := len(c.kept()); got != 2 {
		t.Errorf("the line joins %d points, want 2", got)
	}
}

// TestCallsAreStackedByName: what a request asks for stands apart from what a runtime does by the clock, and decides the order.
func TestCallsAreStackedByName(t *testing.T) {
	p, ok := besidePictures(t, besideRun())["calls-closed-64"]
	if !ok {
		t.Fatal("a run with traces has no chart of them")
	}
	words := svgWords(t, p.svg)
	for _, want := range append(foot[:5:5], "fewer is better", "1 run of each server", "have no interval", "read", "write", "by the clock", "io_uring_enter", "+ 0.60 · 1\u00a0000 requests", "2.07") {
		if !strings.Contains(words, want) {
			t.Errorf("the chart does not say %q; it says %s", want, words)
		}
	}
	var order []string
	for _, spot := range p.spots {
		order = append(order, spot.Name)
	}
	if want := []string{"reactor/io_uring", "bare", "goroutine"}; !slices.Equal(order, want) {
		t.Errorf("the rows are %v, want %v", order, want)
	}
	if says := p.spots[2].Says; !strings.Contains(says, "nanosleep 0.60") || !strings.Contains(says, "epoll_pwait 0.03") {
		t.Errorf("goroutine answers %q", says)
	}
}

// TestHeatShowsTheStop: the two seconds in which the server stood still are dark high up, and the second without requests is empty.
func TestHeatShowsTheStop(t *testing.T) {
	p, ok := besidePictures(t, besideRun())["latency-over-time-goroutine-open-1k"]
	if !ok {
		t.Fatal("a run with latencies over time has no chart of them")
	}
	words := svgWords(t, p.svg)
	for _, want := range append(foot, "1k/s by plan", "each column 1 s", "one cell of 1, 59\u00a0000 requests, no interval", "20 s", "100 µs", "1 s") {
		if !strings.Contains(words, want) {
			t.Errorf("the chart does not say %q; it says %s", want, words)
		}
	}
	if len(p.spots) != 59 {
		t.Errorf("%d columns answer, want 59 of 60", len(p.spots))
	}
	if row := p.Table.Rows[20]; row[1] != "0" || row[3] != "–" {
		t.Errorf("second 20 is %v", row)
	}
	if row := p.Table.Rows[40]; !strings.HasSuffix(row[3], " s") {
		t.Errorf("the slowest of second 40 is %s, want about two seconds", row[3])
	}
}

// TestBrokenOverTimeStopsTheCommand: half a log is no picture of a run, and nothing is written from it.
func TestBrokenOverTimeStopsTheCommand(t *testing.T) {
	dir := writeRun(t, besideRun())
	path := filepath.Join(dir, "hdr", "goroutine.open-1k.over-time.hlog")
	if err := os.WriteFile(path, []byte("Tag=goroutine,1.000,0.100,0.001,HISTFAAAnonsense\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	refused(t, dir, 1, "over-time.hlog")
}

// TestScalingNeedsOneThingToVary: workloads that differ in more than their connections are never joined by a line.
func TestScalingNeedsOneThingToVary(t *testing.T) {
	drawn := quickPictures(t)
	p, ok := drawn["scaling-closed-64b-depth1"]
	if !ok {
		t.Fatal("closed-64 and closed-1000 differ in connections alone and have no chart")
	}
	words := svgWords(t, p.svg)
	for _, want := range append(foot[:5:5], "95% interval of 10 blocks", "flatter is better", "64", "1\u00a0000", "µs") {
		if !strings.Contains(words, want) {
			t.Errorf("the chart does not say %q; it says %s", want, words)
		}
	}
	if len(p.spots) != 2*len(quickServers) {
		t.Errorf("%d places answer, want two for each server", len(p.spots))
	}
	for name := range drawn {
		if strings.HasPrefix(name, "scaling-") && name != p.File {
			t.Errorf("%s joins workloads that differ in more", name)
		}
	}
	if _, ok := pictures(t, small())["scaling-closed-64b-depth1"]; ok {
		t.Error("one number of connections makes no line")
	}
}

// TestAbsurdCountsAreDrawn: a file may hold any number, and no axis may hang or panic over it.
func TestAbsurdCountsAreDrawn(t *testing.T) {
	records := besideRun()
	for i := range records {
		r := &records[i]
		for _, absurd := range []int64{-1, 0, 1, 1 << 62} {
			if i%7 == int(absurd&7) {
				r.LatencyP99Ns, r.AskedPerSecond = absurd, float64(absurd)
				r.Syscalls = map[string]int64{fmt.Sprint("call", i): absurd}
			}
		}
	}
	if got := besidePictures(t, records); len(got) == 0 {
		t.Error("nothing was drawn")
	}
}

// TestReportShowsWhatStandsBeside: a folder of sweeps and traces alone has a page with its charts, and answers in them.
func TestReportShowsWhatStandsBeside(t *testing.T) {
	page := pageOf(t, writeRun(t, besideRun()))
	for _, want := range []string{`data-chart="latency-by-load-open-5k"`, `data-chart="calls-closed-64" data-rows=""`, "Not a part of the comparison", "io_uring_enter 0.06"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
}

// TestPanelsOfLoadShareTheirAxes: the reference lies at the same places in every panel of a column, or the eye cannot compare them.
func TestPanelsOfLoadShareTheirAxes(t *testing.T) {
	var records []results.Record
	for _, impl := range []string{"bare", "gnet", "gnet/edge", "gnet/reuseport", "goroutine", "libevent/epoll", "netpoll", "reactor/epoll", "reactor/io_uring-poll"} {
		for _, r := range besideRun() {
			if r.Impl == "bare" && r.Purpose == "sweep" {
				r.Impl = impl
				records = append(records, r)
			}
		}
	}
	p := besidePictures(t, records)["latency-by-load-open-5k"]
	places := map[int]bool{}
	for i, spot := range p.spots {
		if spot.Name == "bare" && (i == 0 || p.spots[i-1].Name != "bare") { // its first step in this panel
			places[int(10*spot.X)] = true
		}
	}
	if len(places) != panelColumns {
		t.Errorf("the first step of bare lies at %d different places across, want one for each of %d columns", len(places), panelColumns)
	}
}
