// Command loadgen sends a workload to echo servers and writes one record for each cell: what it cost the server, how fast it
// went, and how far the figures can be trusted.
//
//	loadgen -suite quick ./impls/...                 the comparison, in randomised blocks
//	loadgen -suite full -out results/night ./impls/...
//	loadgen -workload closed-1000 ./impls/gnet       one workload, one server
//	loadgen -workload open-20k -rate 5000 ./impls/... the same at another rate
//	loadgen -workload ./mine.json ./impls/...        a workload of one's own
//	loadgen -workload closed-64 -addr 127.0.0.1:7007 any running server
//	loadgen -slo 'p99<1ms' -workload open-5k ./impls/reactor
//	loadgen -sweep -workload open-5k ./impls/reactor response time against offered load
//	loadgen -scale -workload closed-64 ./impls/...   throughput against connections, and its law
//	loadgen -syscalls -workload closed-64 ./impls/...
//	loadgen -pauses -workload closed-64 ./impls/...  what is counted in runs of its own
//	loadgen -list                                    workloads and suites, a line each
//
// A cell is one fresh server process under one workload. Cells stand in blocks; each block holds every server and workload once,
// in a shuffled order, and servers are compared within blocks, with an interval over them. So the drift of a shared machine
// cancels, and what does not cancel shows.
//
// The closed loop keeps a fixed number of requests in flight on each connection and sends the next when a reply is complete. It
// shows what a request costs (server CPU per request, the headline) and, where the client was not the limit, how many the server
// can do. Its latencies are service times: a slow server is asked less often, so they say nothing of the waiting of users who
// come at a rate of their own.
//
// The open loop sends when its plan says, whatever came back: evenly or as a Poisson process, at one rate, along a ramp, in steps
// or after a trace; the plan is a pure function of the seed. A response time begins at the planned moment, so a server that stands
// still is charged for everybody who would have come meanwhile. Beside it stand the service time, from the real write on, and the send
// lag between the two. A request that is never answered counts with the time that it had waited.
//
// The idle loop opens connections, lets each echo once and weighs the server's memory.
//
// Nothing is believed without a check. Every byte that comes back is compared with what was sent; bytes out must equal bytes in;
// throughput × latency must equal the requests in flight; every request that was planned must have all its times; and the engine measures whether it, and not the server, was the limit:
// then throughput and latency are left out of every comparison, and CPU per request, which stays valid, is not.
//
// The way of a measurement, and the order in which to read: main.go and run.go (what was asked for), blocks.go (the order of
// cells), cell.go and target.go (one server, one workload), schedule.go (when requests are due), conduct.go (warm-up, window,
// drain), engine_linux.go with wait_linux.go, accounts.go, open.go, stream.go and payload.go (the client itself), fault.go (what servers do wrong),
// calibrate.go and verdict.go (was the client the limit?), laws.go (can the figures be right at all?) and reached.go (was the rate reached, and why not?), table.go.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
