package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"reactorbench/impls"
	"reactorbench/results"
)

// patience is how long a connection or a reply may take. A healthy server on a loopback takes a thousandth of it.
const patience = 5 * time.Second

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
	engine     func(Plan) engine
	engineName string
	serverCPUs []int
	engineCPUs []int
	loops      int
	window     window
	patience   time.Duration
}

// run measures one cell. Whatever goes wrong with the server is told in the record; errAborted alone is returned.
func (b *bench) run(ctx context.Context, c cell) (results.Record, error) {
	r := newRecord(c)
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
	return b.closed(ctx, c, server, r)
}

// newRecord names the cell.
func newRecord(c cell) results.Record {
	return results.Record{
		Schema: results.SchemaNumber, Time: time.Now().UTC(),
		Impl: c.target.impl.Name, Design: c.target.impl.Design, Language: c.target.impl.Language,
		Workload: c.workload.Name, Loop: c.workload.Loop, Conns: c.workload.Conns, Depth: c.workload.Depth,
		MessageBytes: c.workload.MessageBytes, Block: c.block, Seed: c.seed, Role: c.role, Pair: c.pair, Round: c.round,
	}
}

// conclude leaves no figures beside an error.
func conclude(ctx context.Context, r results.Record, err error) (results.Record, error) {
	switch {
	case ctx.Err() != nil || errors.Is(err, errAborted):
		return r, errAborted
	case err != nil:
		r = withoutFigures(r)
		r.Error = oneLine(err)
	}
	return r, nil
}

// withoutFigures keeps of a record what names the cell.
func withoutFigures(r results.Record) results.Record {
	return results.Record{
		Schema: r.Schema, Time: r.Time, Impl: r.Impl, Design: r.Design, Language: r.Language,
		Workload: r.Workload, Loop: r.Loop, Conns: r.Conns, Depth: r.Depth, MessageBytes: r.MessageBytes, Block: r.Block, Seed: r.Seed,
		Role: r.Role, Pair: r.Pair, Round: r.Round,
	}
}

func oneLine(err error) string {
	return strings.Join(strings.Split(strings.TrimSpace(err.Error()), "\n"), "; ")
}

func (b *bench) plan(c cell, server subject) Plan {
	return Plan{
		Network: server.Network(), Address: server.Addr(), Seed: c.seed, CPU: -1,
		Conns: c.workload.Conns, Schedule: Schedule{Depth: c.workload.Depth}, MessageBytes: c.workload.MessageBytes,
		Patience: b.patience,
	}
}

// closed is a cell of the closed loop.
func (b *bench) closed(ctx context.Context, c cell, server subject, r *results.Record) error {
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
	w.Requests = enoughRequests(c.workload.inFlight())
	m, err := conduct(ctx, engines, server, w)
	if err != nil {
		return err
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
	r.Bytes = m.Requests * int64(w.MessageBytes)
	r.RequestsPerSecond = float64(m.Requests) / m.Wall.Seconds()
	r.ClientCPUNs = int64(m.ClientCPU)
	if m.RunQueueWait != nil {
		r.ClientRunQueueWaitNs = new(int64(*m.RunQueueWait))
	}
	if m.Steal != nil {
		r.StealNs = new(int64(*m.Steal))
	}
	if m.ServerWait != nil {
		r.ServerRunQueueWaitNs = new(int64(*m.ServerWait))
	}
	describeServer(r, m)
	describeLatency(r, m.Latencies)
	if perRequestDoubt(w.inFlight(), m) == "" {
		r.ServerCPUPerRequestNs = float64(m.ServerCPU) / float64(m.Requests)
		r.ClientCPUPerRequestNs = float64(m.ClientCPU) / float64(m.Requests)
	}
	r.ClientLimited, r.ClientLimitedWhy = clientLimited(Facts{
		EngineCPU: m.BusiestCPU, EngineWait: m.WorstWait, EngineKnown: m.RunQueueWait != nil,
		ServerCPU: m.ServerCPU.Seconds() / m.Conducted.Seconds(), ServerCores: b.usableCores(), ServerWait: share(m.ServerWait, m.Conducted),
	})
	r.Warnings = append(m.Warnings, b.doubts(w, m)...)
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

// doubts are the self-checks that did not come out right, a sentence each.
func (b *bench) doubts(w Workload, m Measurement) (doubts []string) {
	doubt := func(format string, args ...any) { doubts = append(doubts, fmt.Sprintf(format, args...)) }
	if err := littlesLaw(w.inFlight(), m); err != nil {
		doubt("%v", err)
	}
	if why := perRequestDoubt(w.inFlight(), m); why != "" {
		doubt("%s", why)
	}
	if m.Latencies.Count() != m.Requests {
		doubt("%d latencies of %d requests", m.Latencies.Count(), m.Requests)
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
	if h.Count() == 0 {
		return
	}
	r.LatencyMaxNs = h.Max()
	for _, p := range []struct {
		percent float64
		into    *int64
	}{{50, &r.LatencyP50Ns}, {90, &r.LatencyP90Ns}, {99, &r.LatencyP99Ns}, {99.9, &r.LatencyP999Ns}} {
		if h.Shows(p.percent) {
			*p.into = h.Percentile(p.percent)
		}
	}
	text, err := h.Encode()
	if err != nil {
		r.Warnings = append(r.Warnings, fmt.Sprintf("the histogram could not be kept: %v", err))
		return
	}
	r.HDR = text
}
