package main

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func openPlan(address string, conns, depth int, rate float64) Plan {
	p := plan(address, conns, depth, 64)
	p.Schedule.Open = steadyAt(rate, true)
	return p
}

// Every request that the plan holds for the window must be offered, on a machine however slow: the count is that of the schedule,
// and each has all its times.
func TestOpenLoopOffersItsPlan(t *testing.T) { eachThreadEngine(t, openLoopOffersItsPlan) }

func openLoopOffersItsPlan(t *testing.T, newEngine func(Plan) engine) {
	w := window{WarmUp: 60 * time.Millisecond, Measure: 300 * time.Millisecond, Open: true}
	for _, engines := range []int{1, 3} {
		whole := openPlan(serve(t, echo(unchanged)), 12, 0, 2000)
		plans := split(whole, make([]int, engines))
		for i := range plans {
			plans[i].CPU = -1
		}
		m, err := drive(t.Context(), newEngine, w, plans...)
		if err != nil {
			t.Fatal(err)
		}
		want := len(until(whole.Schedule.Open.arrivals(whole.Seed, windowStream, 0, 1), w.Measure))
		if m.Offered != int64(want) || m.Latencies.Count() != m.Offered || m.Unanswered != 0 {
			t.Errorf("%d engines: offered %d, planned %d; %d response times, %d unanswered", engines, m.Offered, want, m.Latencies.Count(), m.Unanswered)
		}
		if doubts := m.openDoubts(time.Second); len(doubts) != 0 {
			t.Errorf("%d engines: %q", engines, doubts)
		}
		if broken := brokenLaws(Workload{Loop: "open", MessageBytes: 64}, m); len(broken) != 0 {
			t.Errorf("%d engines: %q", engines, broken)
		}
	}
}

// A server that answers nothing leaves every request in the histogram with its age.
func TestOpenLoopKeepsWhatIsNeverAnswered(t *testing.T) {
	eachThreadEngine(t, openLoopKeepsWhatIsNeverAnswered)
}

func openLoopKeepsWhatIsNeverAnswered(t *testing.T, newEngine func(Plan) engine) {
	p := openPlan(serve(t, stallsAt(64)), 1, 0, 1000)
	p.Patience = 300 * time.Millisecond
	m, err := drive(t.Context(), newEngine, window{WarmUp: 60 * time.Millisecond, Measure: 200 * time.Millisecond, Open: true}, p)
	if err != nil {
		t.Fatal(err)
	}
	if m.Offered == 0 || m.Unanswered != m.Offered || m.Latencies.Count() != m.Offered || time.Duration(m.Latencies.Min()) < p.Patience*99/100 {
		t.Errorf("%d offered, %d unanswered, %d response times from %v on", m.Offered, m.Unanswered, m.Latencies.Count(), time.Duration(m.Latencies.Min()))
	}
}

// An impossible rate must be owned up to, in the form asked X, did Y, because Z.
func TestUnreachableRateIsTold(t *testing.T) {
	b := testBench(window{WarmUp: 60 * time.Millisecond, Measure: 200 * time.Millisecond})
	b.patience = 300 * time.Millisecond
	load := Workload{Name: "w", Loop: "open", Conns: 4, Rate: 5_000_000, MessageBytes: 64}
	r, err := b.run(t.Context(), cell{target: runningServer(serve(t, echo(unchanged)), os.Getpid()), workload: load, seed: 1})
	if err != nil || r.Failed() {
		t.Fatal(err, r.Error)
	}
	if !strings.HasPrefix(r.ShortOf, "asked 5000000 requests/s, did ") || !strings.Contains(r.ShortOf, ", because ") {
		t.Errorf("%q", r.ShortOf)
	}
	if r.Offered < 900_000 || r.LatencyCount != r.Offered {
		t.Errorf("%d offered of a plan of a million, %d response times", r.Offered, r.LatencyCount)
	}
}

// TestOpenLoopAgainstAServerThatStops is the proof with real processes. The server stands still for 100 ms out of every 400, so a
// quarter of the requests are planned within a stop and at least a tenth wait for more than half of one; with one place on each
// connection only the first of them is sent in time. Other work on the machine can only make the waits longer.
func TestOpenLoopAgainstAServerThatStops(t *testing.T) {
	out, path := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "stops.json")
	text := `{"about":"a test","loop":"open","conns":4,"depth":1,"rate":1000,"arrivals":"constant","message_bytes":64}`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd, stdout, stderr := loadgen(t, "-workload", path, "-blocks", "1", "-duration", "2s", "-seed", "9", "-out", out, implementations(t, "stops"))
	if code := exitCode(t, cmd); code != 0 {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	r := open(t, out).Cells()[0]
	t.Logf("seed 9\n%s", stdout)
	if r.Offered != 2000 || r.LatencyCount != 2000 || r.Unanswered != 0 || r.AskedPerSecond != 1000 || r.Arrivals != "constant" {
		t.Errorf("%d offered, %d response times, %d unanswered; asked %v/s, %s", r.Offered, r.LatencyCount, r.Unanswered, r.AskedPerSecond, r.Arrivals)
	}
	if least := int64(45 * time.Millisecond); r.LatencyP90Ns < least || r.SendLagP90Ns < least/2 {
		t.Errorf("p90: response %v, send lag %v; a tenth of the requests waited for 60 ms and more", time.Duration(r.LatencyP90Ns), time.Duration(r.SendLagP90Ns))
	}
	if r.ServiceP90Ns >= r.LatencyP90Ns {
		t.Errorf("p90: service %v does not hide what the response shows, %v", time.Duration(r.ServiceP90Ns), time.Duration(r.LatencyP90Ns))
	}
	if !strings.Contains(stdout.String(), "A user feels the response") {
		t.Errorf("the table does not explain itself:\n%s", stdout)
	}
}

// TestOpenLoopAllocatesNothing is the test of the closed loop for the open one.
func TestOpenLoopAllocatesNothing(t *testing.T) { eachThreadEngine(t, openLoopAllocatesNothing) }

func openLoopAllocatesNothing(t *testing.T, newEngine func(Plan) engine) {
	const requests = 5000
	e := newEngine(openPlan(serve(t, echo(unchanged)), 16, 0, 20_000))
	defer e.close()
	if err := e.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	c, ended := new(control), make(chan error, 1)
	go func() {
		_, err := e.run(c)
		ended <- err
	}()
	until := func(answered int64) {
		for e.answered() < answered {
			select {
			case err := <-ended:
				t.Fatal(err)
			default:
				time.Sleep(time.Millisecond) // does not allocate, as a timer channel would
			}
		}
	}
	var before, after runtime.MemStats
	until(2000)
	from := e.answered()
	runtime.ReadMemStats(&before)
	until(from + requests)
	runtime.ReadMemStats(&after)
	c.enter(draining)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if n := after.Mallocs - before.Mallocs; n > requests/10 { // Go's runtime makes some of its own
		t.Errorf("%d allocations while %d requests were answered", n, requests)
	}
}

// The rate changes within one run and on the same connections: the server sees no other, and each step holds what the plan says.
func TestStepsKeepTheirConnections(t *testing.T) { eachThreadEngine(t, stepsKeepTheirConnections) }

func stepsKeepTheirConnections(t *testing.T, newEngine func(Plan) engine) {
	var came atomic.Int64
	address := serve(t, func(number int, c net.Conn) {
		came.Add(1)
		echo(unchanged)(number, c)
	})
	p := openPlan(address, 5, 0, 0)
	steps := Workload{Loop: "open", Steps: []Step{{Rate: 200, Ms: 100}, {Rate: 3000, Ms: 100}, {Rate: 200, Ms: 100}}}
	p.Schedule.Open = steps.profile()
	m, err := drive(t.Context(), newEngine, window{WarmUp: 60 * time.Millisecond, Measure: 300 * time.Millisecond, Open: true}, p)
	if err != nil {
		t.Fatal(err)
	}
	arrivals := p.Schedule.Open.arrivals(p.Seed, windowStream, 0, 1)
	if want := int64(len(until(arrivals, 300*time.Millisecond))); m.Offered != want || m.Latencies.Count() != want {
		t.Errorf("%d requests offered and %d response times, the plan has %d", m.Offered, m.Latencies.Count(), want)
	}
	if came.Load() != 5 {
		t.Errorf("the server saw %d connections, want 5", came.Load())
	}
}
