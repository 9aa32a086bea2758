package main

import (
	"math"
	"slices"
	"strings"

	"reactorbench/results"
)

// evidence is all that was measured for the goals.
type evidence struct {
	records []results.Record
	figures []loopFigure
	counts  map[string]float64 // by Go benchmark and unit
}

// ours are the servers that have goals; whoever is neither one of them, nor another of their kind, nor bare is a peer.
var ours = []string{"reactor/epoll", "reactor/io_uring"}

func isPeer(impl string) bool {
	return impl != "bare" && impl != "reactor" && !strings.HasPrefix(impl, "reactor/")
}

// toBare is from pairs of processes, a server and bare.
func toBare(server, workload string) func(evidence) results.Estimate {
	return func(e evidence) results.Estimate {
		ratios, _ := results.PairRatios(e.records, results.PairSeries{Pair: server, Workload: workload})
		for i, r := range ratios {
			ratios[i] = math.Exp(r)
		}
		return results.EstimateMedian(ratios)
	}
}

// toBestPeer compares two ratios to bare, that of a server and the lowest of any peer.
func toBestPeer(server, workload string) func(evidence) results.Estimate {
	return func(e evidence) results.Estimate {
		var peers []results.Estimate
		for _, s := range results.Pairs(e.records) {
			if s.Workload == workload && isPeer(s.Pair) {
				peers = append(peers, toBare(s.Pair, workload)(e))
			}
		}
		return quotient(toBare(server, workload)(e), best(peers))
	}
}

// best is the estimate with the lowest median, and reaches down to where any other may lie: that one may be the best as well. The zero
// one says that there is none.
func best(all []results.Estimate) (least results.Estimate) {
	for _, e := range all {
		if e.Known() && (!least.Known() || e.Median < least.Median) {
			least = e
		}
	}
	for _, e := range all {
		if e.Known() && e.Low < least.Low {
			least.Low, least.Confidence = e.Low, min(least.Confidence, e.Confidence)
		}
	}
	return least
}

// quotient is of two estimates whose errors are not known to cancel: its interval is the widest that theirs allow.
func quotient(a, b results.Estimate) results.Estimate {
	if !a.Known() || !b.Known() || b.Low <= 0 {
		return results.Estimate{}
	}
	return results.Estimate{
		Median: a.Median / b.Median, Low: a.Low / b.High, High: a.High / b.Low,
		Confidence: min(a.Confidence, b.Confidence), N: min(a.N, b.N),
	}
}

// counted is a figure that was counted and not timed: it has no interval.
func counted(value float64) results.Estimate {
	return results.Estimate{Median: value, Low: value, High: value, Confidence: 1, N: 1}
}

// traced is the last record of a server whose system calls were counted.
func (e evidence) traced(server string) (found results.Record, ok bool) {
	for _, r := range e.records {
		if r.Purpose == "syscalls" && r.Impl == server && r.Workload == "closed-64" && !r.Failed() && r.Requests > 0 && len(r.Syscalls) > 0 {
			found, ok = r, true
		}
	}
	return found, ok
}

// calls is how many system calls of these names a request has; without names, of all.
func calls(server string, names ...string) func(evidence) results.Estimate {
	return func(e evidence) results.Estimate {
		r, ok := e.traced(server)
		if !ok {
			return results.Estimate{}
		}
		if len(names) == 0 {
			return counted(r.SyscallsPerRequest)
		}
		return counted(callsPerRequest(r, func(name string) bool { return slices.Contains(names, name) }))
	}
}

// interestCalls is how often a request changes what epoll is asked for. Each connection does so when it begins and when it ends, which a
// traced server, slow as it is, has few requests to share by.
func interestCalls(server string) func(evidence) results.Estimate {
	return func(e evidence) results.Estimate {
		r, ok := e.traced(server)
		if !ok {
			return results.Estimate{}
		}
		return counted(float64(max(0, r.Syscalls["epoll_ctl"]-2*int64(r.Conns))) / float64(r.Requests))
	}
}

// notOthers are the calls that have goals of their own, and those that Go's runtime makes as time passes.
var notOthers = []string{
	"read", "readv", "write", "writev", "epoll_wait", "epoll_pwait", "epoll_pwait2", "epoll_ctl",
	"nanosleep", "futex", "tgkill", "getpid", "rt_sigreturn", "sched_yield", "madvise", "restart_syscall",
}

func otherCalls(server string) func(evidence) results.Estimate {
	return func(e evidence) results.Estimate {
		r, ok := e.traced(server)
		if !ok {
			return results.Estimate{}
		}
		return counted(callsPerRequest(r, func(name string) bool { return !slices.Contains(notOthers, name) }))
	}
}

func callsPerRequest(r results.Record, count func(name string) bool) float64 {
	sum := int64(0)
	for name, n := range r.Syscalls {
		if count(name) {
			sum += n
		}
	}
	return float64(sum) / float64(r.Requests)
}

func idleBytes(server string) func(evidence) results.Estimate {
	return func(e evidence) results.Estimate {
		var values []float64
		for _, r := range e.records {
			if r.Impl == server && r.BytesPerIdleConn != nil {
				values = append(values, *r.BytesPerIdleConn)
			}
		}
		return results.EstimateMedian(values)
	}
}

// toLibevent is from pairs of processes that ran the same sequence.
func toLibevent(s sequence, step string) func(evidence) results.Estimate {
	return func(e evidence) results.Estimate {
		return results.EstimateMedian(ratios(e.values(s, step, "reactor"), e.values(s, step, "libevent")))
	}
}

// ratios are those of values that belong together. No time at all is no figure.
func ratios(a, b []float64) (all []float64) {
	for i := range min(len(a), len(b)) {
		if a[i] > 0 && b[i] > 0 {
			all = append(all, a[i]/b[i])
		}
	}
	return all
}

func flatness(e evidence) results.Estimate {
	of := func(pairs string) []float64 {
		return e.values(sequence{method: "epoll", arguments: []string{"dispatch", pairs, "100", "10000"}}, "dispatch", "reactor")
	}
	return results.EstimateMedian(ratios(of("9000"), of("100")))
}

func rearm(e evidence) results.Estimate {
	return results.EstimateMedian(e.values(sequence{method: "epoll", arguments: []string{"idle", "9000"}}, "idle", "reactor"))
}

// latencyToBestPeer is of an open loop at a share of the capacity; a cell that did not reach its rate has no say.
func latencyToBestPeer(server string, share int, percent float64) func(evidence) results.Estimate {
	return func(e evidence) results.Estimate {
		return e.latency(server, percent, func(r results.Record) bool { return r.Loop == "open" && r.ShortOf == "" && e.share(r) == share })
	}
}

// aloneToBestPeer is of one connection, which has one request in flight.
func aloneToBestPeer(server string, percent float64) func(evidence) results.Estimate {
	return func(e evidence) results.Estimate {
		return e.latency(server, percent, func(r results.Record) bool { return r.Loop == "closed" && r.Conns == 1 && r.Depth <= 1 })
	}
}

// latency is the median over the blocks of chosen cells, as a multiple of the upper end of the best peer's interval: what lies within that cannot
// be told from the peer. A cell whose client was the limit, or had too great a part in this percentile, has no say.
func (e evidence) latency(server string, percent float64, chosen func(results.Record) bool) results.Estimate {
	values := make(map[string][]float64)
	for _, r := range e.records {
		if r.Purpose != "" || r.Failed() || !r.Comparable(percent) || !chosen(r) {
			continue
		}
		latency := r.LatencyP50Ns
		if percent == 99 {
			latency = r.LatencyP99Ns
		}
		if latency > 0 { // absent where too few requests lie beyond it
			values[r.Impl] = append(values[r.Impl], float64(latency))
		}
	}
	var peers []results.Estimate
	for impl := range values {
		if isPeer(impl) {
			peers = append(peers, results.EstimateMedian(values[impl]))
		}
	}
	ours, peer := results.EstimateMedian(values[server]), best(peers)
	if !peer.Trusted() {
		return quotient(ours, peer) // which tells that there are too few
	}
	return quotient(ours, counted(peer.High))
}

// capacity is what bare was seen to do with 64 connections: on few cores that is as much the client's limit as the server's.
func (e evidence) capacity() float64 {
	var rates []float64
	for _, r := range e.records {
		if r.Role == "base" && r.Workload == "closed-64" && !r.Failed() {
			rates = append(rates, r.RequestsPerSecond)
		}
	}
	return results.EstimateMedian(rates).Median
}

// share is the percentage of latencyShares at which an open loop ran; 0 is none of them.
func (e evidence) share(r results.Record) int {
	for _, share := range latencyShares {
		if rate := e.capacity() * float64(share) / 100; rate > 0 && math.Abs(r.AskedPerSecond/rate-1) < 0.05 {
			return share
		}
	}
	return 0
}
