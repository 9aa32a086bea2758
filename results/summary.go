package results

import (
	"cmp"
	"slices"
)

// Reference is the implementation that all ratios refer to: the least an echo server can do.
const Reference = "bare"

// A Summary is one implementation under one workload over all blocks. The run is the unit: every figure is a median of cells,
// and a ratio is taken within each block before the median, so that the slow drift of a shared machine cancels.
type Summary struct {
	Impl, Design, Language     string
	Workload, Loop             string
	Conns, Depth, MessageBytes int
	Engine                     string  // of the load generator, as in Record
	Arrivals                   string  // open loop
	AskedPerSecond             float64 // open loop

	Blocks           int      // cells with figures
	Errors           []string // of the cells without, in the order of blocks
	ClientLimited    int      // cells whose throughput and latency are left out
	ClientLimitedWhy string   // of the first of them
	BlurredP50       int      // further cells of an open loop whose p50 is left out, for the generator's lateness may have changed it by too much
	BlurredP99       int      // likewise, p99
	Short            int      // cells of an open loop that did not reach their rate
	ShortOf          string   // of the first of them

	CPUPerRequestNs       Estimate // of the server; valid in client-limited cells too
	CPURatio              Estimate // to Reference in the same block, as all ratios
	CPURatioP             float64  // of CPURatio by the sign test, by Holm's method for all implementations of the workload; 1: nothing is known
	ClientCPUPerRequestNs Estimate // of the load generator's whole process
	EngineCPUPerRequestNs Estimate // of its engine threads alone, a part of that
	ClientRatio           Estimate // of Reference alone: see ClientRatio

	MachineCPUPerRequestNs Estimate // of everybody on the machine

	RequestsPerSecond Estimate
	ThroughputRatio   Estimate
	LatencyP50Ns      Estimate // service time of the closed loop, response time of the open one, as all latencies
	LatencyP50Ratio   Estimate
	LatencyP99Ns      Estimate
	LatencyP99Ratio   Estimate

	ServiceP50Ns Estimate // open loop, as the rest of this group
	ServiceP99Ns Estimate
	SendLagP99Ns Estimate
	LateP99Ns    Estimate

	BytesPerIdleConn       Estimate
	SocketBytesPerIdleConn Estimate
	PeakBytes              Estimate
}

// Summarise returns a summary for each implementation, workload and engine of the load generator, ordered by workload, name and engine. Two
// engines ask differently, so what a server does under them is never pooled nor set against each other. Records of a search or sweep take
// no part.
func Summarise(records []Record) []Summary {
	cells := make(map[series][]Record)
	for _, r := range records {
		if r.Purpose != "" {
			continue
		}
		key := series{r.Workload, r.Engine, r.Impl}
		cells[key] = append(cells[key], r)
	}
	var all []Summary
	for key, own := range cells {
		all = append(all, summarise(own, cells[series{key.workload, key.engine, Reference}]))
	}
	adjust(all, cells)
	slices.SortFunc(all, func(a, b Summary) int {
		return cmp.Or(cmp.Compare(a.Workload, b.Workload), cmp.Compare(a.Impl, b.Impl), cmp.Compare(a.Engine, b.Engine))
	})
	return all
}

// A series is what a summary is about.
type series struct{ workload, engine, impl string }

// A figure is one number of a record and whether the record has it.
type figure func(Record) (float64, bool)

var (
	serverCPU  = positive(func(r Record) float64 { return r.ServerCPUPerRequestNs })
	machineCPU = positive(func(r Record) float64 { return r.MachineCPUPerRequestNs })
	clientCPU  = positive(func(r Record) float64 { return r.ClientProcessCPUPerRequestNs })
	engineCPU  = positive(func(r Record) float64 { return r.ClientCPUPerRequestNs })
	throughput = unlessClientLimited(positive(func(r Record) float64 { return r.RequestsPerSecond }))
	latencyP50 = whereComparable(50, positive(func(r Record) float64 { return float64(r.LatencyP50Ns) }))
	latencyP99 = whereComparable(99, positive(func(r Record) float64 { return float64(r.LatencyP99Ns) }))
	serviceP50 = whereComparable(50, positive(func(r Record) float64 { return float64(r.ServiceP50Ns) }))
	serviceP99 = whereComparable(99, positive(func(r Record) float64 { return float64(r.ServiceP99Ns) }))
	sendLagP99 = unlessClientLimited(positive(func(r Record) float64 { return float64(r.SendLagP99Ns) }))
	lateP99    = unlessClientLimited(positive(func(r Record) float64 { return float64(r.LateP99Ns) }))
	peakBytes  = positive(func(r Record) float64 { return float64(r.ServerPeakBytes) })
)

func idleBytes(r Record) (float64, bool) {
	if r.BytesPerIdleConn == nil {
		return 0, false
	}
	return *r.BytesPerIdleConn, true
}

func idleSocketBytes(r Record) (float64, bool) {
	if r.SocketBytesPerIdleConn == nil {
		return 0, false
	}
	return *r.SocketBytesPerIdleConn, true
}

// positive is a figure that cannot be zero when it was measured.
func positive(get func(Record) float64) figure {
	return func(r Record) (float64, bool) { return get(r), get(r) > 0 }
}

// unlessClientLimited leaves out the cells that say more about the client than about the server.
func unlessClientLimited(f figure) figure {
	return func(r Record) (float64, bool) {
		v, ok := f(r)
		return v, ok && !r.ClientLimited
	}
}

// whereComparable leaves out the cells in which the generator's lateness has too great a part in that percentile, too.
func whereComparable(percent float64, f figure) figure {
	return func(r Record) (float64, bool) {
		v, ok := f(r)
		return v, ok && r.Comparable(percent)
	}
}

func summarise(own, reference []Record) Summary {
	slices.SortStableFunc(own, func(a, b Record) int { return cmp.Compare(a.Block, b.Block) })
	first := own[0]
	s := Summary{
		Impl: first.Impl, Design: first.Design, Language: first.Language,
		Workload: first.Workload, Loop: first.Loop, Conns: first.Conns, Depth: first.Depth, MessageBytes: first.MessageBytes,
		Engine: first.Engine, Arrivals: first.Arrivals, AskedPerSecond: first.AskedPerSecond,
	}
	s.count(own)
	s.CPUPerRequestNs = median(own, serverCPU)
	s.CPURatio = ratio(own, reference, serverCPU)
	s.ClientCPUPerRequestNs = median(own, clientCPU)
	s.EngineCPUPerRequestNs = median(own, engineCPU)
	s.ClientRatio = ClientRatio(own)
	s.MachineCPUPerRequestNs = median(own, machineCPU)
	s.RequestsPerSecond = median(own, throughput)
	s.ThroughputRatio = ratio(own, reference, throughput)
	s.LatencyP50Ns = median(own, latencyP50)
	s.LatencyP99Ns = median(own, latencyP99)
	s.LatencyP50Ratio = ratio(own, reference, latencyP50)
	s.LatencyP99Ratio = ratio(own, reference, latencyP99)
	s.ServiceP50Ns = median(own, serviceP50)
	s.ServiceP99Ns = median(own, serviceP99)
	s.SendLagP99Ns = median(own, sendLagP99)
	s.LateP99Ns = median(own, lateP99)
	s.BytesPerIdleConn = median(own, idleBytes)
	s.SocketBytesPerIdleConn = median(own, idleSocketBytes)
	s.PeakBytes = median(own, peakBytes)
	return s
}

// count fills the fields about the cells themselves.
func (s *Summary) count(own []Record) {
	for _, r := range own {
		switch {
		case r.Failed():
			s.Errors = append(s.Errors, r.Error)
			continue
		case r.ClientLimited:
			s.ClientLimited++
			s.ClientLimitedWhy = cmp.Or(s.ClientLimitedWhy, r.ClientLimitedWhy)
		default:
			if r.Blurred(50) {
				s.BlurredP50++
			}
			if r.Blurred(99) {
				s.BlurredP99++
			}
		}
		if r.ShortOf != "" {
			s.Short++
			s.ShortOf = cmp.Or(s.ShortOf, r.ShortOf)
		}
		s.Blocks++
	}
}

// adjust sets the p values: the implementations under one workload and engine that have a ratio are one family.
func adjust(all []Summary, cells map[series][]Record) {
	families := make(map[series][]*Summary) // by the series of their reference
	for i := range all {
		s := &all[i]
		s.CPURatioP = 1
		if s.Impl != Reference && s.CPURatio.Known() {
			of := series{s.Workload, s.Engine, Reference}
			families[of] = append(families[of], s)
		}
	}
	for reference, family := range families {
		var p []float64
		for _, s := range family {
			p = append(p, SignTest(ratios(cells[series{s.Workload, s.Engine, s.Impl}], cells[reference], serverCPU)))
		}
		for i, adjusted := range Holm(p) {
			family[i].CPURatioP = adjusted
		}
	}
}

func median(own []Record, f figure) Estimate {
	var values []float64
	for _, r := range own {
		if v, ok := f(r); ok && !r.Failed() {
			values = append(values, v)
		}
	}
	return EstimateMedian(values)
}

// ratio is the median of ratios.
func ratio(own, reference []Record, f figure) Estimate {
	return EstimateMedian(ratios(own, reference, f))
}

// ratios compares own with reference block by block. A block in which either has no figure says nothing.
func ratios(own, reference []Record, f figure) (values []float64) {
	type block struct {
		run   string
		block int
	}
	of := make(map[block]float64)
	for _, r := range reference {
		if v, ok := f(r); ok && !r.Failed() {
			of[block{r.RunID, r.Block}] = v
		}
	}
	for _, r := range own {
		v, ok := f(r)
		if ref := of[block{r.RunID, r.Block}]; ok && ref > 0 && !r.Failed() {
			values = append(values, v/ref)
		}
	}
	return values
}
