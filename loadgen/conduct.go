package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/metrics"
	"time"

	"reactorbench/impls"
	"reactorbench/results"
)

// A window says how long a cell lasts.
type window struct {
	WarmUp   time.Duration // at least; it goes on, up to three times as long, while the rate still moves
	Measure  time.Duration // at least; it goes on, up to twice as long, for enough requests
	Requests int64         // that are enough, see edgeError
}

// A subject is the server of a cell, as far as it can be measured. impls.Server is one.
type subject interface {
	Network() string
	Addr() string
	PID() int // 0: not known
	CPU() (time.Duration, error)
	Usage() (impls.Usage, error)
}

// A Measurement is the measured window of a cell over all engines.
type Measurement struct {
	Wall       time.Duration // mean of the engines' windows
	Conducted  time.Duration // the window as it was ordered, in which the server was measured
	Requests   int64
	Latencies  *results.Histogram
	LatencySum int64
	LateMax    time.Duration

	ClientCPU    time.Duration  // of all engines; 0: not known
	BusiestCPU   float64        // of the busiest engine, as a share of its window
	RunQueueWait *time.Duration // of all engines; nil: not known
	WorstWait    float64        // of the engine that waited most, as a share of its window

	ServerCPU     time.Duration  // 0: not known
	ServerWait    *time.Duration // run-queue wait of the server's thread that waited most; nil: not known
	Before, After impls.Usage    // around the window; zero: not known
	Steal         *time.Duration
	Warnings      []string
}

// rateEvery is how often the warm-up looks at the rate; three such looks fit into the shortest warm-up.
const rateEvery = 20 * time.Millisecond

// conduct moves connected engines through the phases and measures the server around the window.
func conduct(ctx context.Context, engines []engine, server subject, w window) (Measurement, error) {
	c := new(control)
	ended := make(chan error, len(engines))
	tallies := make([]Tally, len(engines))
	for i, e := range engines {
		go func() {
			tally, err := e.run(c)
			tallies[i] = tally
			ended <- err
		}()
	}
	m, early, err := measure(ctx, c, engines, server, w, ended)
	if err != nil {
		c.enter(aborted)
	} else {
		c.enter(draining)
	}
	for range len(engines) - early {
		err = firstCause(err, <-ended)
		if err != nil {
			c.enter(aborted)
		}
	}
	if err != nil {
		return Measurement{}, err
	}
	return m, m.add(tallies)
}

// firstCause keeps the first error that is not a consequence of another.
func firstCause(first, next error) error {
	if first == nil || errors.Is(first, errAborted) && next != nil {
		return next
	}
	return first
}

// measure runs the warm-up and the window. It returns early with the error of an engine that ended; early counts those.
func measure(ctx context.Context, c *control, engines []engine, server subject, w window, ended <-chan error) (m Measurement, early int, err error) {
	wait := func(d time.Duration) error {
		select {
		case <-time.After(d):
			return nil
		case err := <-ended:
			early++
			if err == nil {
				err = errors.New("an engine ended before its window")
			}
			return err
		case <-ctx.Done():
			return errAborted
		}
	}
	settled, err := warmUp(engines, w.WarmUp, wait)
	if err != nil {
		return m, early, err
	}
	if !settled {
		m.warn("the rate was still moving when the window began")
	}
	edge := startOf(&m, server)
	begun := clock()
	c.enter(measuring)
	err = keepOpen(engines, w, wait)
	c.enter(draining)
	m.Conducted = time.Duration(clock() - begun)
	edge.end(&m, server)
	return m, early, err
}

// keepOpen waits until the window is over, and then as long again three times at most for the requests that a figure needs. To give
// up earlier would leave out the slowest windows, which are not a random sample.
func keepOpen(engines []engine, w window, wait func(time.Duration) error) error {
	begun, atStart := clock(), answered(engines)
	if err := wait(w.Measure); err != nil {
		return err
	}
	for answered(engines)-atStart < w.Requests && time.Duration(clock()-begun) < 4*w.Measure {
		if err := wait(rateEvery); err != nil {
			return err
		}
	}
	return nil
}

func (m *Measurement) warn(format string, args ...any) {
	m.Warnings = append(m.Warnings, fmt.Sprintf(format, args...))
}

// warmUp waits until the rate of replies has settled, for at least shortest and at most three times as long.
func warmUp(engines []engine, shortest time.Duration, wait func(time.Duration) error) (bool, error) {
	var rates []float64
	before, begun := answered(engines), clock()
	for last := begun; ; {
		if err := wait(rateEvery); err != nil {
			return false, err
		}
		now, total := clock(), answered(engines)
		rates = append(rates, float64(total-before)/float64(now-last))
		before, last = total, now
		if elapsed := time.Duration(now - begun); elapsed >= shortest && settled(rates) {
			return true, nil
		} else if elapsed >= 3*shortest {
			return false, nil
		}
	}
}

func answered(engines []engine) (sum int64) {
	for _, e := range engines {
		sum += e.answered()
	}
	return sum
}

// settled reports whether the last three rates show no trend: they do not all climb or all fall, or they stay within a tenth.
// A noisy rate is settled, a rate that moves one way is not.
func settled(rates []float64) bool {
	if len(rates) < 3 {
		return false
	}
	a, b, c := rates[len(rates)-3], rates[len(rates)-2], rates[len(rates)-1]
	if a == 0 || b == 0 || c == 0 {
		return false
	}
	trend := a < b && b < c || a > b && b > c
	return !trend || max(a, c)/min(a, c) <= 1.1
}

// An edge is what was read at the start of the window.
type edge struct {
	cpu       time.Duration
	cpuKnown  bool
	steal     time.Duration
	stealOK   bool
	collected uint64
	waits     map[int]time.Duration // of the server's threads, for a core
}

// startOf reads what takes long first and the server's processor clock last, next to the edge itself.
func startOf(m *Measurement, server subject) (e edge) {
	if usage, err := server.Usage(); err == nil {
		m.Before = usage
	}
	e.waits = runQueueWaits(server.PID())
	e.steal, e.stealOK = stolen()
	e.collected = collections()
	cpu, err := server.CPU()
	e.cpu, e.cpuKnown = cpu, err == nil
	return e
}

// end reads the same in reverse order.
func (e edge) end(m *Measurement, server subject) {
	if cpu, err := server.CPU(); err == nil && e.cpuKnown {
		m.ServerCPU = cpu - e.cpu
	}
	m.ServerWait = longestWait(e.waits, runQueueWaits(server.PID()))
	if collections() != e.collected {
		m.warn("the load generator collected garbage within the window")
	}
	if steal, ok := stolen(); ok && e.stealOK {
		m.Steal = new(steal - e.steal)
	}
	if usage, err := server.Usage(); err == nil {
		m.After = usage
	}
}

// longestWait is the wait of the thread that waited most between two readings; nil if no thread is in both.
func longestWait(before, after map[int]time.Duration) (longest *time.Duration) {
	for tid, wait := range after {
		earlier, ok := before[tid]
		if ok && (longest == nil || wait-earlier > *longest) {
			longest = new(wait - earlier)
		}
	}
	return longest
}

// collections counts the garbage collections of this process.
func collections() uint64 {
	sample := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// add sums the engines' tallies up.
func (m *Measurement) add(tallies []Tally) error {
	m.Latencies = results.NewHistogram()
	for _, t := range tallies {
		if err := m.Latencies.Merge(t.Latencies); err != nil {
			return err
		}
		wall := time.Duration(t.Ended - t.Began)
		m.Wall += wall / time.Duration(len(tallies))
		m.Requests += t.Requests
		m.LatencySum += t.LatencySum
		m.LateMax = max(m.LateMax, t.LateMax)
		m.ClientCPU += t.CPU
		m.BusiestCPU = max(m.BusiestCPU, t.CPU.Seconds()/wall.Seconds())
		if t.RunQueueWait != nil {
			if m.RunQueueWait == nil {
				m.RunQueueWait = new(time.Duration)
			}
			*m.RunQueueWait += *t.RunQueueWait
			m.WorstWait = max(m.WorstWait, t.RunQueueWait.Seconds()/wall.Seconds())
		}
	}
	return nil
}
