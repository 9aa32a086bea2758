package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"reactorbench/impls"
	"reactorbench/results"
)

// A cell is the smallest unit of a run: one fresh server, one workload, one seed.
type cell struct {
	target   target
	workload Workload
	block    int
	seed     uint64
	role     string // of a pair, see pairs.go
	pair     string
	round    int
}

// A bench runs cells: the things that are the same for all of them.
type bench struct {
	engine       func(Plan) engine
	engineName   string
	serverCPUs   []int
	engineCPUs   []int
	loops        int
	window       window
	every        time.Duration                                                        // latencies are kept apart for each such stretch of the window; 0: they are not
	around       func(server subject, engines []engine, conducted func() error) error // called with the connected engines, to run the load within; nil: just run it
	watch        func(engines []engine, length time.Duration) (stop func())           // shows a person how the load goes; nil: nobody looks
	stamps       bool                                                                 // take the kernel's time stamps of some replies in a closed loop too
	serverEnv    []string                                                             // what a server has in its environment beyond the usual
	serverStderr io.Writer                                                            // receives its stderr as well
	patience     time.Duration                                                        // how long a connection or a reply may take; a healthy server on a loopback takes a thousandth of the default
}

// run measures one cell. Whatever goes wrong with the server is told in the record; errAborted alone is returned.
func (b *bench) run(ctx context.Context, c cell) (results.Record, error) {
	r := b.newRecord(c)
	runtime.GC() // between cells, for none may fall into one
	server, err := c.target.start(ctx, b, c.seed)
	if err == nil {
		err = b.on(ctx, c, server, &r)
		complaint, died := server.stop(err != nil)
		err = errors.Join(died, err)
		if complaint != "" {
			r.Warnings = append(r.Warnings, complaint)
		}
	}
	return conclude(ctx, r, err)
}

// on measures the cell on a server that runs.
func (b *bench) on(ctx context.Context, c cell, server subject, r *results.Record) error {
	if c.workload.Loop == "idle" {
		return b.idle(ctx, c, server, r)
	}
	return b.load(ctx, c, server, r)
}

// newRecord names the cell.
func (b *bench) newRecord(c cell) results.Record {
	r := results.Record{
		Schema: results.SchemaNumber, Time: time.Now().UTC(),
		Impl: c.target.impl.Name, Design: c.target.impl.Design, Language: c.target.impl.Language,
		Workload: c.workload.Name, Loop: c.workload.Loop, Conns: c.workload.Conns, Depth: c.workload.Depth,
		MessageBytes: int(math.Round(c.workload.sizes(c.seed).mean())), Block: c.block, Seed: c.seed,
		Role: c.role, Pair: c.pair, Round: c.round,
		Arrivals: c.workload.arrivals(), RequestsPerConn: c.workload.RequestsPerConn, Storm: c.workload.Storm, StalledConns: c.workload.StalledConns,
		Engine:          b.engineName,
		SourceAddresses: len(sourceAddresses(c.workload.Sources)),
	}
	if c.role != "" {
		r.Purpose = "pair"
	}
	if c.workload.Loop == "open" {
		r.AskedPerSecond = c.workload.profile().mean(b.window.Measure)
	}
	return r
}

// conclude leaves no figures beside an error.
func conclude(ctx context.Context, r results.Record, err error) (results.Record, error) {
	switch {
	case ctx.Err() != nil || errors.Is(err, errAborted):
		return r, errAborted
	case err != nil:
		r = withoutFigures(r)
		r.Error = oneLine(err)
		if faults := new(Faults); errors.As(err, &faults) {
			r.Faults = faults.counters()
		}
	}
	return r, nil
}

// withoutFigures keeps of a record what names the cell.
func withoutFigures(r results.Record) results.Record {
	return results.Record{
		Schema: r.Schema, Time: r.Time, Impl: r.Impl, Design: r.Design, Language: r.Language,
		Workload: r.Workload, Loop: r.Loop, Conns: r.Conns, Depth: r.Depth, MessageBytes: r.MessageBytes, Block: r.Block, Seed: r.Seed,
		Role: r.Role, Pair: r.Pair, Round: r.Round,
		RequestsPerConn: r.RequestsPerConn, Storm: r.Storm, StalledConns: r.StalledConns, SourceAddresses: r.SourceAddresses, Engine: r.Engine, Arrivals: r.Arrivals, AskedPerSecond: r.AskedPerSecond,
	}
}

func oneLine(err error) string {
	return strings.Join(strings.Split(strings.TrimSpace(err.Error()), "\n"), "; ")
}

func (b *bench) plan(c cell, server subject) Plan {
	return Plan{
		Network: server.Network(), Address: server.Addr(), Seed: c.seed, CPU: -1,
		Conns: c.workload.Conns, All: c.workload.Conns, Schedule: c.workload.schedule(), Sizes: c.workload.sizes(c.seed), Shares: 1,
		RequestsPerConn: c.workload.RequestsPerConn, Storm: c.workload.Storm, Stalled: c.workload.StalledConns, ConnectsPerS: c.workload.ConnectsPerSecond,
		Sources: sourceAddresses(c.workload.Sources),
		Every:   b.every, Window: b.window.Measure, Patience: b.patience, Stamps: b.stamps || c.workload.Loop == "open",
	}
}

// load is a cell of the closed or open loop.
func (b *bench) load(ctx context.Context, c cell, server subject, r *results.Record) error {
	var engines []engine
	for _, p := range split(b.plan(c, server), b.engineCPUs) {
		e := b.engine(p)
		defer e.close()
		if err := e.connect(ctx); err != nil {
			return err
		}
		engines = append(engines, e)
	}
	w := b.window
	if w.Open = c.workload.Loop == "open"; !w.Open {
		w.Requests = enoughRequests(c.workload.inFlight()) + int64(c.workload.inFlight()) // engines count from a little later than their conductor
	}
	if b.watch != nil {
		defer b.watch(engines, b.window.WarmUp+b.window.Measure)()
	}
	var m Measurement
	conducted := func() (err error) {
		m, err = conduct(ctx, engines, server, w)
		return err
	}
	var err error
	if b.around != nil {
		err = b.around(server, engines, conducted)
	} else {
		err = conducted()
	}
	if err != nil {
		return err
	}
	if c.target.running != nil {
		m.Idle = nil // it may run anywhere
	}
	if m.Requests == 0 {
		return fmt.Errorf("no request was answered within the window of %v", m.Wall.Round(time.Millisecond))
	}
	b.describe(r, c.workload, m)
	return nil
}

// describe writes a measurement into its record.
func (b *bench) describe(r *results.Record, w Workload, m Measurement) {
	r.DurationNs = int64(m.Wall)
	r.Requests = m.Requests
	r.Bytes = m.Bytes
	r.RequestsPerSecond = float64(m.Requests) / m.Wall.Seconds()
	r.Connects = m.Connects
	r.ClientCPUNs, r.ClientProcessCPUNs, r.MachineCPUNs = int64(m.EngineCPU), int64(m.ProcessCPU), int64(m.MachineCPU)
	if m.Queue != nil {
		r.ClientRunQueueWaitNs, r.ClientTimeSlices = new(int64(m.Queue.wait)), new(m.Queue.slices)
	}
	if m.Steal != nil {
		r.StealNs = new(int64(*m.Steal))
	}
	if m.Pressure != nil {
		r.CPUPressureNs = new(int64(*m.Pressure))
	}
	describeReceiveLag(r, m)
	if m.ServerWait != nil {
		r.ServerRunQueueWaitNs = new(int64(m.ServerWait.wait))
	}
	describeServer(r, m)
	describeLatency(r, m.Latencies)
	if b.every > 0 {
		r.OverTime = &results.OverTime{Every: b.every, Stretches: m.OverTime}
	}
	facts := b.facts(m)
	if w.Loop == "open" {
		if len(b.engineCPUs) > 1 && facts.ServerCPU > tooBusy*float64(facts.ServerCores) {
			m.spread()
		}
		describeOpen(r, m)
	}
	if perRequestDoubt(m.edge(w), m) == "" {
		r.ServerCPUPerRequestNs = float64(m.ServerCPU) / float64(m.Requests)
		if b.engineName != spinning { // which takes its cores whole, whatever it does
			r.ClientCPUPerRequestNs = float64(m.EngineCPU) / float64(m.Requests)
			r.ClientProcessCPUPerRequestNs = float64(m.ProcessCPU) / float64(m.Requests)
			r.MachineCPUPerRequestNs = float64(m.MachineCPU) / float64(m.Requests)
		}
	}
	r.ClientLimited, r.ClientLimitedWhy = clientLimited(facts)
	broken := brokenLaws(w, m)
	if len(broken) > 0 {
		r.ClientLimited, r.ClientLimitedWhy = true, broken[0]
	}
	if w.Loop == "open" {
		r.ShortOf = shortOf(r.AskedPerSecond, m, facts)
	}
	r.Warnings = slices.Concat(m.Warnings, broken, b.doubts(w, m))
}

// facts are those of m that the verdicts need.
func (b *bench) facts(m Measurement) Facts {
	f := Facts{
		EngineCPU: m.BusiestCPU, EngineWait: m.WorstWait, EngineKnown: m.Queue != nil,
		ServerCPU: m.ServerCPU.Seconds() / m.Conducted.Seconds(), ServerCores: b.usableCores(),
		RepliesSeen: m.Late != nil && m.Unseen == 0,
		Pressure:    share(m.Pressure, m.Conducted), ReceiveShare: m.receiveShare(),
	}
	if m.ServerWait != nil {
		f.ServerWait = m.ServerWait.beyond(m.Conducted)
	}
	if strangers, ok := m.strangers(b.serverCPUs); ok {
		f.ServerWait = min(f.ServerWait, strangers)
	}
	if m.Late != nil {
		f.Open = true
		f.Response50, f.Response99 = m.Latencies.Percentile(50), m.Latencies.Percentile(99)
		f.Late99 = m.Late.Percentile(99)
	}
	return f
}

// strangers is for how long others than the server ran on its cores, as a share of the window. No thread of it can have waited for them for longer:
// what it waited beyond that it waited for its own, as the threads of Go's runtime do on a single core, and that is the server's doing.
func (m Measurement) strangers(cpus []int) (share float64, ok bool) {
	if m.Idle == nil || len(cpus) == 0 || m.ServerCPU == 0 {
		return 0, false
	}
	busy := time.Duration(len(cpus)) * m.Conducted
	for _, cpu := range cpus {
		busy -= m.Idle[cpu]
	}
	return max(0, (busy-m.ServerCPU).Seconds()/m.Conducted.Seconds()), true
}

// share is a part of the window; 0 if it is not known.
func share(part *time.Duration, wall time.Duration) float64 {
	if part == nil {
		return 0
	}
	return part.Seconds() / wall.Seconds()
}

// usableCores is how many cores a server of so many loops can use.
func (b *bench) usableCores() int {
	if len(b.serverCPUs) == 0 {
		return b.loops
	}
	return min(b.loops, len(b.serverCPUs))
}

// doubts are what the reader of the figures should know, a sentence each.
func (b *bench) doubts(w Workload, m Measurement) (doubts []string) {
	doubt := func(format string, args ...any) { doubts = append(doubts, fmt.Sprintf(format, args...)) }
	if why := perRequestDoubt(m.edge(w), m); why != "" {
		doubt("%s", why)
	}
	if w.Loop == "open" {
		doubts = append(doubts, m.openDoubts(b.patience)...)
	}
	if m.StalledLost > 0 {
		doubt("the server has ended %d of %d connections that sent and did not read", m.StalledLost, w.StalledConns)
	}
	if m.LateMax > time.Duration(m.Latencies.Max()) {
		doubt("a request in flight at the end of the window took %v, longer than any within", m.LateMax.Round(time.Microsecond))
	}
	if b.engineName == "portable" {
		doubt("measured with the portable engine, which costs more than most servers")
	}
	if m.ServerCPU == 0 {
		doubt("the server's CPU time is not known")
	}
	if len(b.engineCPUs) > 0 && overlap(b.serverCPUs, b.engineCPUs) {
		doubt("server and generator share cores %v", b.engineCPUs)
	}
	return doubts
}

func overlap(a, b []int) bool {
	return slices.ContainsFunc(a, func(cpu int) bool { return slices.Contains(b, cpu) })
}

func describeServer(r *results.Record, m Measurement) {
	r.ServerCPUNs = int64(m.ServerCPU)
	if m.After == (impls.Usage{}) {
		return
	}
	r.ServerPeakBytes, r.ServerPSSBytes = m.After.PeakBytes, m.After.PSSBytes
	r.ServerThreads, r.ServerDescriptors = m.After.Threads, m.After.Descriptors
	r.ServerVoluntarySwitches = m.After.VoluntarySwitches - m.Before.VoluntarySwitches
	r.ServerInvoluntarySwitches = m.After.InvoluntarySwitches - m.Before.InvoluntarySwitches
}

func describeLatency(r *results.Record, h *results.Histogram) {
	r.LatencyCount, r.LatencyClamped = h.Count(), h.Clamped()
	describePercentiles(r, h, &r.LatencyP50Ns, &r.LatencyP90Ns, &r.LatencyP99Ns, &r.LatencyP999Ns, &r.LatencyMaxNs, &r.HDR)
}

// receiveShare is the part of the latency between the kernel's receipt of a reply and its end; 0 if it was not measured.
func (m Measurement) receiveShare() float64 {
	if m.ReceiveLag == nil || m.ReceiveLag.Count() == 0 || m.LatencySum == 0 {
		return 0
	}
	return float64(m.ReceiveLagSum) / float64(m.ReceiveLag.Count()) / (float64(m.LatencySum) / float64(m.Requests))
}

func describeReceiveLag(r *results.Record, m Measurement) {
	if m.receiveShare() == 0 {
		return
	}
	var unused int64
	var unkept string
	describePercentiles(r, m.ReceiveLag, &r.ReceiveLagP50Ns, &unused, &r.ReceiveLagP99Ns, &unused, &r.ReceiveLagMaxNs, &unkept)
	r.ReceiveLagCount, r.ReceiveLagShare = m.ReceiveLag.Count(), m.receiveShare()
}

// describeOpen writes what only an open loop has.
func describeOpen(r *results.Record, m Measurement) {
	r.Offered, r.Unanswered, r.Unsent, r.LateReplies = m.Offered, m.Unanswered, m.Unsent, m.Overdue
	describePercentiles(r, m.Service, &r.ServiceP50Ns, &r.ServiceP90Ns, &r.ServiceP99Ns, &r.ServiceP999Ns, &r.ServiceMaxNs, &r.ServiceHDR)
	describePercentiles(r, m.SendLag, &r.SendLagP50Ns, &r.SendLagP90Ns, &r.SendLagP99Ns, &r.SendLagP999Ns, &r.SendLagMaxNs, &r.SendLagHDR)
	var unused int64
	var unkept string
	describePercentiles(r, m.Late, &r.LateP50Ns, &unused, &r.LateP99Ns, &r.LateP999Ns, &r.LateMaxNs, &unkept)
	describePercentiles(r, m.Least, &r.LatencyP50LeastNs, &r.LatencyP90LeastNs, &r.LatencyP99LeastNs, &r.LatencyP999LeastNs, &unused, &r.LeastHDR)
	describePercentiles(r, m.Most, &r.LatencyP50MostNs, &r.LatencyP90MostNs, &r.LatencyP99MostNs, &r.LatencyP999MostNs, &unused, &r.MostHDR)
}

// describePercentiles fills the percentiles that h has enough values for, and its text.
func describePercentiles(r *results.Record, h *results.Histogram, p50, p90, p99, p999, most *int64, text *string) {
	if h.Count() == 0 {
		return
	}
	*most = h.Max()
	for _, p := range []struct {
		percent float64
		into    *int64
	}{{50, p50}, {90, p90}, {99, p99}, {99.9, p999}} {
		if h.Shows(p.percent) {
			*p.into = h.Percentile(p.percent)
		}
	}
	encoded, err := h.Encode()
	if err != nil {
		r.Warnings = append(r.Warnings, fmt.Sprintf("the histogram could not be kept: %v", err))
		return
	}
	*text = encoded
}
