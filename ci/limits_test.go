package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"reactorbench/results"
)

func TestMediansLeaveTheFirstRoundOut(t *testing.T) {
	steps, err := medians([]byte("add 9000 10\nmove 100 10\nadd 200 10\nadd 300 10\nadd 400 10\nmove 300 10\n"))
	if err != nil || len(steps) != 2 || steps[0] != (stepFigure{"add", 30}) || steps[1] != (stepFigure{"move", 30}) {
		t.Errorf("got %v, %v", steps, err)
	}
	for _, wrong := range []string{"", "add 5", "add five 5", "add 5 0"} {
		if steps, err := medians([]byte(wrong)); err == nil {
			t.Errorf("%q gives %v", wrong, steps)
		}
	}
}

// TestLimitsRunBothPrograms runs one short sequence; where libevent cannot be built it is left out, and the table says so.
func TestLimitsRunBothPrograms(t *testing.T) {
	dir := t.TempDir()
	var out, log bytes.Buffer
	if status := command(context.Background(), []string{"limits", "-run", "idle", "-pairs", "1", "-out", dir}, &out, &log); status != exitDone {
		t.Fatalf("exit status %d\n%s", status, log.String())
	}
	t.Logf("\n%s%s", log.String(), out.String())
	kept, err := os.ReadFile(filepath.Join(dir, "loop.jsonl"))
	if err != nil || !strings.Contains(string(kept), `"program":"reactor"`) {
		t.Errorf("kept %s, %v", kept, err)
	}
	leftOut := strings.Contains(log.String(), "libevent is left out")
	if measured := strings.Contains(string(kept), `"program":"libevent"`); measured == leftOut {
		t.Errorf("libevent was measured: %v, and said to be left out: %v", measured, leftOut)
	}
}

// A goal is reached or missed only by the whole of an interval that is one.
func TestGoalsCanBeMissed(t *testing.T) {
	g := goal{most: 1.03}
	for name, c := range map[string]struct {
		values []float64
		want   goalVerdict
	}{
		"all below":        {[]float64{1.01, 1.02, 1.01, 1.00, 1.02, 1.03}, reached},
		"all above":        {[]float64{1.04, 1.05, 1.04, 1.06, 1.05, 1.04}, notReached},
		"on both sides":    {[]float64{1.01, 1.02, 1.05, 1.06, 1.01, 1.05}, cannotTell},
		"too few":          {[]float64{1.01, 1.01}, cannotTell},
		"nothing measured": {nil, cannotTell},
	} {
		if got := g.judge(results.EstimateMedian(c.values)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := (goal{most: 0.2}).judge(counted(0.21)); got != notReached {
		t.Errorf("a count above the goal: %s", got)
	}
}

// pairRecords are the slices of six pairs, in which a server costs so much of bare's CPU time.
func pairRecords(server, workload string, ratio float64) (all []results.Record) {
	for block := range 6 {
		for role, cost := range map[string]float64{"base": 1000, "head": 1000 * ratio} {
			all = append(all, results.Record{Purpose: "pair", Impl: server, Role: role, Pair: server, Workload: workload, Block: block,
				Requests: 1, RequestsPerSecond: 100_000, ServerCPUPerRequestNs: cost + float64(block)/10})
		}
	}
	return all
}

func openRecords(server string, rate float64, p99 int64) (all []results.Record) {
	for range 6 {
		all = append(all, results.Record{Impl: server, Loop: "open", AskedPerSecond: rate, LatencyP50Ns: p99 / 2, LatencyP99Ns: p99})
	}
	return all
}

func aloneRecords(server string, p99 int64) (all []results.Record) {
	for range 6 {
		all = append(all, results.Record{Impl: server, Workload: "closed-64", Loop: "closed", Conns: 1, LatencyP50Ns: p99 / 2, LatencyP99Ns: p99})
	}
	return all
}

func idleRecords(server string, bytes float64) (all []results.Record) {
	for block := range 6 {
		all = append(all, results.Record{Impl: server, Workload: "idle-2000", BytesPerIdleConn: new(bytes + float64(block)/10)})
	}
	return all
}

// TestTableOfGoals writes a record in which some goals are reached and others missed, and reads the table of it.
func TestTableOfGoals(t *testing.T) {
	dir := t.TempDir()
	w, err := results.Append(dir)
	if err != nil {
		t.Fatal(err)
	}
	records := slices.Concat(
		pairRecords("reactor/epoll", "closed-64", 1.01), pairRecords("reactor/io_uring", "closed-64", 1.2), pairRecords("gnet", "closed-64", 1.1),
		idleRecords("reactor-with-timeouts/epoll", 199), idleRecords("reactor-with-timeouts/io_uring", 1106), idleRecords("reactor/epoll", 300),
		aloneRecords("reactor/epoll", 100), aloneRecords("gnet", 200), aloneRecords("reactor/io_uring", 300),
		openRecords("reactor/epoll", 50_000, 100), openRecords("gnet", 50_000, 200), openRecords("reactor/io_uring", 50_000, 300),
		[]results.Record{{Purpose: "syscalls", Impl: "reactor/epoll", Workload: "closed-64", Requests: 1000, Conns: 64,
			Syscalls: map[string]int64{"read": 1001, "write": 1500, "epoll_ctl": 200, "epoll_pwait": 50, "getsockopt": 500, "futex": 900}}})
	for _, r := range records {
		r.Schema = results.SchemaNumber
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	var figures []loopFigure
	for block := range 6 {
		for program, ns := range map[string]float64{"reactor": 90, "libevent": 100} {
			figures = append(figures, loopFigure{program, "epoll", "timers 1000000", "add", block, ns}, loopFigure{program, "epoll", "timers 1000000", "move", block, 190 - ns})
		}
	}
	if err := keep(dir, figures); err != nil {
		t.Fatal(err)
	}
	allocations := "BenchmarkEcho/epoll/library_with_timeouts 20000 2750 ns/op 3 B/op 0 allocs/op\n" +
		"BenchmarkEcho/io_uring/library_with_timeouts 20000 2750 ns/op 3 B/op 2 allocs/op\nPASS\n"
	lives := "BenchmarkLife/epoll 2000 253991 ns/op 1.002 allocations/life 128 B/op 1 allocs/op\n" +
		"BenchmarkLife/io_uring 2000 253872 ns/op 1.9 allocations/life 128 B/op 1 allocs/op\nPASS\n"
	wakes := "BenchmarkTimerOf100Microseconds/epoll 2000 228069 ns/op 1.000 waits/timer 9 B/op 0 allocs/op\n" +
		"BenchmarkTimerOf100Microseconds/poll 2000 291938 ns/op 1.02 waits/timer 12 B/op 0 allocs/op\nPASS\n"
	for i, text := range []string{allocations, lives, wakes} {
		if err := os.WriteFile(filepath.Join(dir, benchmarks[i].file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out, log bytes.Buffer
	if status := command(context.Background(), []string{"limits", "-table", dir}, &out, &log); status != exitDone {
		t.Fatalf("exit status %d\n%s", status, log.String())
	}
	for what, want := range map[string]goalVerdict{
		"reactor/epoll, closed-64: server CPU a request ÷ bare's":         reached,
		"reactor/io_uring, closed-64: server CPU a request ÷ bare's":      notReached,
		"reactor/epoll, closed-64: that ÷ the best peer's":                reached,
		"reactor/io_uring, closed-64: that ÷ the best peer's":             notReached,
		"reactor/epoll, closed-1000: server CPU a request ÷ bare's":       cannotTell,
		"reactor/epoll, closed-64: reads a request":                       reached,
		"reactor/epoll, closed-64: writes a request":                      notReached,
		"reactor/epoll, closed-64: other system calls a request":          notReached,
		"reactor/io_uring, closed-64: all system calls a request":         cannotTell,
		"reactor/epoll, closed-64: epoll_ctl a request":                   notReached,
		"reactor/epoll: bytes an idle connection, time-outs set":          reached,
		"reactor/io_uring: bytes an idle connection, time-outs set":       notReached,
		"reactor/epoll: allocations a connection, from accept":            reached,
		"reactor/io_uring: allocations a connection, from accept":         notReached,
		"epoll: waits for a timer of 100 µs":                              reached,
		"  poll: waits for a timer of 100 µs":                             notReached,
		"select: waits for a timer of 100 µs":                             cannotTell,
		"reactor/epoll, one connection: p50 ÷ the best peer's at most":    reached,
		"reactor/epoll, one connection: p99 ÷ the best peer's at most":    reached,
		"reactor/io_uring, one connection: p50 ÷ the best peer's at most": notReached,
		"reactor/io_uring, one connection: p99 ÷ the best peer's at most": notReached,
		"reactor/epoll: whole allocations an echo":                        reached,
		"reactor/io_uring: whole allocations an echo":                     notReached,
		"a million timers, add: CPU time ÷ libevent's":                    reached,
		"a million timers, move: CPU time ÷ libevent's":                   notReached,
		"reactor/epoll, open loop at 50 % of capacity: p99 ÷ the best":    reached,
		"reactor/io_uring, open loop at 50 % of capacity: p99 ÷ the best": notReached,
		"reactor/epoll, open loop at 80 % of capacity: p99 ÷ the best":    cannotTell,
		"epoll dispatch, 100 active: CPU time with 9000 pairs ÷ with 100": cannotTell,
	} {
		if line := lineWith(out.String(), what); !strings.HasSuffix(strings.TrimSpace(line), string(want)) {
			t.Errorf("want %s of %q, got %q", want, what, line)
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
	if fields := strings.Fields(lineWith(out.String(), "gnet ")); !slices.Equal(fields[:4], []string{"gnet", "1.10", "(1.10–1.10)", "–"}) {
		t.Errorf("beside bare gnet is %v", fields)
	}
	out.Reset()
	if status := command(context.Background(), []string{"limits", "-table", dir, "-markdown"}, &out, &log); status != exitDone {
		t.Fatalf("exit status %d\n%s", status, log.String())
	}
	for _, want := range []string{"| gnet | 1.10 (1.10–1.10) | – |", "|---|---|---|---|---|---|\n", "| 1 | reactor/epoll, closed-64: server CPU a request ÷ bare's | 1.03 | 1.01 (1.01–1.01) | 0.98 | reached |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if status := command(context.Background(), []string{"limits", "-out", dir}, &out, &log); status != exitUsage {
		t.Errorf("a folder with a record is not refused: exit status %d", status)
	}
}

func lineWith(text, what string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, what) {
			return line
		}
	}
	return ""
}

func TestLimitsRefuse(t *testing.T) {
	for _, arguments := range [][]string{{"-run", "nothing like it"}, {"-pairs", "0"}, {"-speed"}, {"-table", t.TempDir()}, {"-markdown"}} {
		var out, log bytes.Buffer
		if status := command(context.Background(), append([]string{"limits"}, arguments...), &out, &log); status != exitUsage || log.Len() == 0 {
			t.Errorf("%v: exit status %d, %q", arguments, status, log.String())
		}
	}
}

// TestALoadThatCannotRunLeavesTheOthers: too few descriptors for idle connections are no reason to have no response times.
func TestALoadThatCannotRunLeavesTheOthers(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "loadgen")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho \"$3\" >>\"$2\"\n[ \"$3\" != refused ] || exit 2\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	l := &limits{root: dir, out: filepath.Join(dir, "asked"), programs: map[string]string{"loadgen": program}, progress: &bytes.Buffer{}}
	err := l.run(t.Context(), []load{{about: "pairs", arguments: []string{"first"}}, {about: "memory", arguments: []string{"refused"}}, {about: "times", arguments: []string{"last"}}})
	if err == nil || !strings.Contains(err.Error(), "memory: ") {
		t.Errorf("a load that was refused is not told: %v", err)
	}
	if asked, err := os.ReadFile(l.out); err != nil || string(asked) != "first\nrefused\nlast\n" {
		t.Errorf("asked for %q, %v", asked, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.run(ctx, []load{{about: "pairs", arguments: []string{"late"}}, {about: "times", arguments: []string{"later"}}}); err == nil || strings.Contains(err.Error(), "times") {
		t.Errorf("an interrupted run goes on: %v", err)
	}
}

// TestNothingCountedReachesNoGoal: a trace without calls is none. A server that makes no system call for a request does not exist.
func TestNothingCountedReachesNoGoal(t *testing.T) {
	e := evidence{records: []results.Record{{Purpose: "syscalls", Impl: "reactor/epoll", Workload: "closed-64", Requests: 1000, Conns: 64}}}
	for _, g := range callGoals() {
		if got := g.judge(g.measured(e)); got != cannotTell {
			t.Errorf("%s: %s, of a trace without calls", g.what, got)
		}
	}
}

// TestBestPeerMayBeAnother: a server is no dearer than the best peer only if it is no dearer than any that may be the best.
func TestBestPeerMayBeAnother(t *testing.T) {
	ours := results.EstimateMedian([]float64{1.03, 1.03, 1.03, 1.03, 1.03, 1.03})
	sure := results.EstimateMedian([]float64{1.10, 1.10, 1.10, 1.10, 1.10, 1.10})
	doubtful := results.EstimateMedian([]float64{0.80, 1.12, 1.12, 1.12, 1.12, 1.30})
	dearer := results.EstimateMedian([]float64{1.20, 1.30})
	perhaps := results.EstimateMedian([]float64{0.90, 1.30})
	for name, c := range map[string]struct {
		peers []results.Estimate
		want  goalVerdict
	}{
		"one":                               {[]results.Estimate{sure}, reached},
		"another that may be cheaper":       {[]results.Estimate{sure, doubtful}, cannotTell},
		"another of few values that is not": {[]results.Estimate{sure, dearer}, reached},
		"another of few values that may be": {[]results.Estimate{sure, perhaps}, cannotTell},
		"only one of few values":            {[]results.Estimate{dearer}, cannotTell},
	} {
		if got := (goal{most: 1}).judge(quotient(ours, best(c.peers))); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestAFigureThatIsAbsentReachesNoGoal: a record leaves out a percentile that too few requests lie beyond, and 0 ns is no time.
func TestAFigureThatIsAbsentReachesNoGoal(t *testing.T) {
	s := sequence{method: "epoll", arguments: []string{"timers", "1000000"}}
	e := evidence{records: slices.Concat(pairRecords("gnet", "closed-64", 1.1), openRecords("reactor/epoll", 50_000, 0), openRecords("gnet", 50_000, 200))}
	for block := range 6 {
		e.figures = append(e.figures, loopFigure{"reactor", "epoll", "timers 1000000", "add", block, 0}, loopFigure{"libevent", "epoll", "timers 1000000", "add", block, 100})
	}
	for name, measured := range map[string]func(evidence) results.Estimate{
		"p99":   latencyToBestPeer("reactor/epoll", 50, 99),
		"timer": toLibevent(s, "add"),
	} {
		if got := (goal{most: 1}).judge(measured(e)); got != cannotTell {
			t.Errorf("%s: %s of a figure that is not there", name, got)
		}
	}
}

// TestALateGeneratorLeavesTheGoalsThatItSpoilsOpen: where it may have made up p99, the goal of p50 is judged all the same.
func TestALateGeneratorLeavesTheGoalsThatItSpoilsOpen(t *testing.T) {
	ours, peers := openRecords("reactor/epoll", 50_000, 100_000), openRecords("gnet", 50_000, 200_000)
	for _, all := range [][]results.Record{ours, peers} {
		for i := range all {
			r := &all[i]
			r.LatencyP50LeastNs, r.LatencyP50MostNs = r.LatencyP50Ns*95/100, r.LatencyP50Ns
			r.LatencyP99LeastNs, r.LatencyP99MostNs = r.LatencyP99Ns/2, r.LatencyP99Ns
		}
	}
	e := evidence{records: slices.Concat(pairRecords("gnet", "closed-64", 1.1), ours, peers)}
	for percent, want := range map[float64]goalVerdict{50: reached, 99: cannotTell} {
		if got := (goal{most: 1}).judge(latencyToBestPeer("reactor/epoll", 50, percent)(e)); got != want {
			t.Errorf("p%v: %s, want %s", percent, got, want)
		}
	}
}

// TestTableTellsAFigureFromItsGoal: what misses a goal by little does not read as if it had reached it.
func TestTableTellsAFigureFromItsGoal(t *testing.T) {
	var out bytes.Buffer
	g := goal{number: 1, what: "calls", most: 1.03, measured: func(evidence) results.Estimate { return counted(1.03004) }}
	if err := printGoals(&out, []goal{g}, evidence{}, asText); err != nil {
		t.Fatal(err)
	}
	if line := lineWith(out.String(), "calls"); !strings.Contains(line, "1.03004") || !strings.Contains(line, "1.00004") || !strings.Contains(line, "NOT REACHED") {
		t.Errorf("got %q", line)
	}
}

// TestAnInterruptionLosesNoProcessThatHasEnded: the record grows with each process, so one that dies, or a machine that goes down, takes
// nothing of the others with it.
func TestAnInterruptionLosesNoProcessThatHasEnded(t *testing.T) {
	folder := t.TempDir()
	program := filepath.Join(folder, "program")
	once := "#!/bin/sh\ncat '" + filepath.Join(folder, "loop.jsonl") + "' > '" + filepath.Join(folder, "seen") + "' 2>/dev/null\n" +
		"test -e '" + filepath.Join(folder, "began") + "' && exit 1\n: > '" + filepath.Join(folder, "began") + "'\necho add 100 1\n"
	if err := os.WriteFile(program, []byte(once), 0o755); err != nil {
		t.Fatal(err)
	}
	l := &limits{out: folder, pairs: 6, progress: io.Discard, programs: map[string]string{"reactor": program}}
	if err := l.loop(t.Context(), []sequence{{method: "epoll", arguments: []string{"timers", "1"}}}); err == nil {
		t.Error("the second process failed and nobody noticed")
	}
	seen, err := os.ReadFile(filepath.Join(folder, "seen"))
	if err != nil || strings.Count(string(seen), "\n") != 1 {
		t.Errorf("when the second process began the record held %q, %v", seen, err)
	}
	e, err := readEvidence(folder)
	if err != nil || len(e.figures) != 1 || e.figures[0].NsPerOp != 100 {
		t.Errorf("kept %+v, %v", e.figures, err)
	}
}

// TestResponseTimesAreARecordOfTheirOwn: loadgen keeps no two engines in one folder, and the goals need the figures of both.
func TestResponseTimesAreARecordOfTheirOwn(t *testing.T) {
	folder := t.TempDir()
	keep := func(folder string, records ...results.Record) {
		writer, err := results.Append(folder)
		for _, r := range records {
			r.Schema = results.SchemaNumber
			err = errors.Join(err, writer.Write(r))
		}
		if err := errors.Join(err, writer.Close()); err != nil {
			t.Fatal(err)
		}
	}
	l := &limits{out: folder}
	for _, one := range l.latencyLoads(100_000) {
		if one.folder != latencyFolder {
			t.Errorf("%s go to %q, with the records of another engine", one.about, one.folder)
		}
	}
	keep(folder, pairRecords("gnet", "closed-64", 1.1)...)
	keep(filepath.Join(folder, latencyFolder), append(openRecords("reactor/epoll", 50_000, 100_000), openRecords("gnet", 50_000, 200_000)...)...)
	e, err := readEvidence(folder)
	if err != nil {
		t.Fatal(err)
	}
	if got := latencyToBestPeer("reactor/epoll", 50, 50)(e); !got.Known() {
		t.Errorf("of %d records none has a response time", len(e.records))
	}
}

// TestPatternsAreOfThePresentFolder although loadgen runs at the root of the module.
func TestPatternsAreOfThePresentFolder(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{
		"../impls/bare": "./impls/bare", "./reactor-with-timeouts": "./ci/reactor-with-timeouts", "../impls/...": "./impls/...",
		root + "/impls/bare": root + "/impls/bare", "../../elsewhere": "../elsewhere",
	} {
		if got, err := fromRoot(root, []string{given}); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s is %v, %v; want %s", given, got, err, want)
		}
	}
	if got, err := fromRoot(root, nil); err != nil || !slices.Equal(got, []string{"./impls/..."}) {
		t.Errorf("no pattern is %v, %v", got, err)
	}
}
