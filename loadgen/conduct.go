package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/metrics"
	"time"

	"reactorbench/impls"
	"reactorbench/results"
)

// A window says how long a cell lasts.
type window struct {
	WarmUp   time.Duration // at least; it goes on, up to three times as long, while the rate still moves
	Measure  time.Duration // at least; it goes on, up to twice as long, for enough requests
	Requests int64         // that are enough, see edgeError; of the closed loop
	Open     bool          // an open loop: the window is exactly Measure long
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
	Wall      time.Duration // mean of the engines' windows
	Conducted time.Duration // the window as it was ordered, in which the server was measured
	Counts

	ProcessCPU time.Duration // of this whole process over the conducted window, by the clock that the server's comes from; 0: not known
	EngineCPU  time.Duration // of all engines, a part of that; 0: not known
	BusiestCPU float64       // of the busiest engine, as a share of its window, without what it spun in vain
	Queue      *queued       // of all engines; nil: not known
	WorstWait  float64       // of the engine that waited longest beyond what its slices explain: that wait as a share of its window

	ServerCPU     time.Duration // 0: not known
	ServerWait    *queued       // of the server's thread that waited longest beyond what its slices explain; nil: not known
	Before, After impls.Usage   // around the window; zero: not known
	Steal         *time.Duration
	MachineCPU    time.Duration         // of all processes and interrupts, in steps of 10 ms; 0: not known
	Idle          map[int]time.Duration // of each core, in steps of 10 ms; nil: not known, or nobody knows where the server runs
	Pressure      *time.Duration        // somebody on this machine waited for a core; nil: not known
	Warnings      []string
}

// rateEvery is how often the warm-up looks at the rate; three such looks fit into the shortest warm-up.
const rateEvery = 20 * time.Millisecond

// conduct moves connected engines through the phases and measures the server around the window.
func conduct(ctx context.Context, engines []engine, server subject, w window) (Measurement, error) {
	r := &rehearsal{ctx: ctx, engines: engines, ended: make(chan int, len(engines)), errs: make([]error, len(engines))}
	tallies := make([]Tally, len(engines))
	for i, e := range engines {
		go func() {
			tallies[i], r.errs[i] = e.run(&r.control)
			r.ended <- i
		}()
	}
	m, err := r.measure(server, w)
	if err != nil {
		r.enter(aborted)
	} else {
		r.enter(draining)
	}
	for r.gone < len(engines) {
		if r.note(<-r.ended) != nil {
			r.enter(aborted)
		}
	}
	if err := firstCause(joinEngines(r.errs), err); err != nil {
		return Measurement{}, err
	}
	return m, m.add(tallies)
}

// A rehearsal is a set of engines that run, from the conductor's side.
type rehearsal struct {
	control
	ctx     context.Context
	engines []engine
	ended   chan int // numbers of engines whose entry in errs is complete
	errs    []error
	gone    int // engines that were received from ended
}

func (r *rehearsal) note(i int) error {
	r.gone++
	return r.errs[i]
}

// wait lets the engines run for d. It returns early with the error of an engine that ended.
func (r *rehearsal) wait(d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case i := <-r.ended:
		if err := r.note(i); err != nil {
			return err
		}
		return errors.New("an engine ended before its window")
	case <-r.ctx.Done():
		return errAborted
	}
}

// measure runs the warm-up and the window.
func (r *rehearsal) measure(server subject, w window) (m Measurement, err error) {
	settled, err := warmUp(r.engines, w.WarmUp, r.wait)
	if err != nil {
		return m, err
	}
	if !settled {
		m.warn("the rate was still moving when the window began")
	}
	if w.Open {
		s := announced(w.Measure)
		r.span.Store(s)
		if err := r.wait(time.Duration(s.from - clock())); err != nil {
			return m, err
		}
	}
	edge := startOf(&m, server)
	begun := clock()
	r.enter(measuring)
	err = r.keepOpen(w)
	r.enter(draining)
	m.Conducted = time.Duration(clock() - begun)
	edge.end(&m, server)
	return m, err
}

// announced is the window of an open loop. It begins when every engine has had time to look, though nothing breaks if one has not.
func announced(length time.Duration) *span {
	from := clock() + int64(3*idleWait)
	return &span{from: from, until: from + int64(length)}
}

// keepOpen waits until the window is over. That of an open loop is as long as its plan.
func (r *rehearsal) keepOpen(w window) error {
	if s := r.span.Load(); s != nil {
		return r.wait(time.Duration(s.until - clock()))
	}
	return keepOpen(r.engines, w, r.wait)
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

// coreTimes are sums over all cores, but for idle, which is of each.
type coreTimes struct {
	busy   time.Duration // user, system and interrupts, of whomever
	stolen time.Duration // the hypervisor ran somebody else
	idle   map[int]time.Duration
}

// idleSince is how long each core had nothing to do.
func (t coreTimes) idleSince(before coreTimes) map[int]time.Duration {
	idle := make(map[int]time.Duration)
	for cpu, now := range t.idle {
		idle[cpu] = now - before.idle[cpu]
	}
	return idle
}

// An edge is what was read at the start of the window.
type edge struct {
	cpu       time.Duration // of the server
	cpuKnown  bool
	own       time.Duration // of this process
	ownKnown  bool
	machine   coreTimes
	machineOK bool
	pressed   time.Duration
	pressedOK bool
	collected uint64
	waits     map[int]queued // of the server's threads
}

// startOf reads what takes long first and the two processor clocks last, next to the edge itself. This process's own encloses the server's, so
// that nothing of what the generator does within the window is left out, the reading of clocks included.
func startOf(m *Measurement, server subject) (e edge) {
	if usage, err := server.Usage(); err == nil {
		m.Before = usage
	}
	e.waits = runQueueWaits(server.PID())
	e.machine, e.machineOK = machineTimes()
	e.pressed, e.pressedOK = pressure()
	e.collected = collections()
	own, err := impls.CPUOf(os.Getpid())
	e.own, e.ownKnown = own, err == nil
	cpu, err := server.CPU()
	e.cpu, e.cpuKnown = cpu, err == nil
	return e
}

// end reads the same in reverse order.
func (e edge) end(m *Measurement, server subject) {
	if cpu, err := server.CPU(); err == nil && e.cpuKnown {
		m.ServerCPU = cpu - e.cpu
	}
	if own, err := impls.CPUOf(os.Getpid()); err == nil && e.ownKnown {
		m.ProcessCPU = own - e.own
	}
	m.ServerWait = longestWait(e.waits, runQueueWaits(server.PID()))
	if collections() != e.collected {
		m.warn("the load generator collected garbage within the window")
	}
	if pressed, ok := pressure(); ok && e.pressedOK {
		m.Pressure = new(pressed - e.pressed)
	}
	if machine, ok := machineTimes(); ok && e.machineOK {
		m.Steal, m.MachineCPU = new(machine.stolen-e.machine.stolen), machine.busy-e.machine.busy
		m.Idle = machine.idleSince(e.machine)
	}
	if usage, err := server.Usage(); err == nil {
		m.After = usage
	}
}

// longestWait is what the thread saw between two readings that waited longest beyond what its slices explain; nil if no thread is in both.
func longestWait(before, after map[int]queued) (longest *queued) {
	for tid, now := range after {
		earlier, ok := before[tid]
		if !ok {
			continue
		}
		between := queued{now.wait - earlier.wait, now.slices - earlier.slices}
		if longest == nil || between.unexplained() > longest.unexplained() {
			longest = &between
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
	m.Latencies, m.ReceiveLag = results.NewHistogram(), results.NewHistogram()
	if tallies[0].Service != nil {
		m.Service, m.SendLag, m.Late = results.NewHistogram(), results.NewHistogram(), results.NewHistogram()
		m.Least, m.Most = results.NewHistogram(), results.NewHistogram()
	}
	for _, t := range tallies {
		if err := m.merge(t.Counts); err != nil {
			return err
		}
		wall := time.Duration(t.Ended - t.Began)
		m.Wall += wall / time.Duration(len(tallies))
		m.EngineCPU += t.CPU
		m.BusiestCPU = max(m.BusiestCPU, (t.CPU-t.Idle).Seconds()/wall.Seconds())
		if t.Queue != nil {
			if m.Queue == nil {
				m.Queue = new(queued)
			}
			m.Queue.wait += t.Queue.wait
			m.Queue.slices += t.Queue.slices
			m.WorstWait = max(m.WorstWait, t.Queue.beyond(wall))
		}
	}
	return nil
}

// merge adds the counts and histograms of one engine; histograms of equal range lose nothing.
func (m *Measurement) merge(t Counts) error {
	for _, h := range []struct{ into, from *results.Histogram }{
		{m.Latencies, t.Latencies}, {m.Service, t.Service}, {m.SendLag, t.SendLag}, {m.Late, t.Late}, {m.ReceiveLag, t.ReceiveLag},
		{m.Least, t.Least}, {m.Most, t.Most},
	} {
		if h.from == nil {
			continue
		}
		if err := h.into.Merge(h.from); err != nil {
			return err
		}
	}
	var err error
	if m.OverTime, err = mergeOverTime(m.OverTime, t.OverTime); err != nil {
		return err
	}
	m.Requests += t.Requests
	m.Bytes += t.Bytes
	m.Connects += t.Connects
	m.StalledLost += t.StalledLost
	m.LatencySum += t.LatencySum
	m.Paused += t.Paused
	m.ReceiveLagSum += t.ReceiveLagSum
	m.LateMax, m.PausedMax = max(m.LateMax, t.LateMax), max(m.PausedMax, t.PausedMax)
	m.Offered += t.Offered
	m.Unanswered += t.Unanswered
	m.Unsent += t.Unsent
	m.Overdue += t.Overdue
	m.InFlight += t.InFlight
	m.Unseen += t.Unseen
	m.WorstBehind, m.WorstAhead = max(m.WorstBehind, t.WorstBehind), max(m.WorstAhead, t.WorstAhead)
	m.Held = m.Held || t.Held
	return nil
}
