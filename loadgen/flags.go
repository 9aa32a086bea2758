package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"reactorbench/impls"
	"reactorbench/results"
)

const help = `loadgen sends a workload to echo servers and writes one record for each cell.

  loadgen -suite quick ./impls/...                  the comparison, about two minutes
  loadgen -suite full -out results/night ./impls/...
  loadgen -workload closed-1000 ./impls/gnet        one workload, one server
  loadgen -workload open-20k -rate 5000 ./impls/... the same at another rate; -set FIELD=VALUE changes any field
  loadgen -workload ./mine.json ./impls/...         a workload of one's own
  loadgen -workload closed-64 -addr 127.0.0.1:7007  any running server; with -pid N also what it costs
  loadgen -base ./impls/bare -workload closed-64,pipelined-16 ./impls/reactor/... ./impls/gnet
                                                    how much dearer than bare, in pairs of processes: a difference of
                                                    a few percent shows within half a minute
  loadgen -base ../old/impls/reactor/epoll -workload closed-64 ./impls/reactor/epoll
                                                    the same server from two checkouts
  loadgen -base ./impls/bare -base-env GOMAXPROCS=1 -workload open-5k ./impls/bare
                                                    the same server in two environments
  loadgen -slo 'p99<1ms' -workload open-5k ./impls/reactor  the highest rate that keeps the promise, from 5000/s on
  loadgen -sweep -workload open-5k ./impls/reactor  response time at 10 to 100 % of the capacity
  loadgen -scale -workload closed-64 ./impls/...    how the throughput grows from one connection to 64, and the law behind it
  loadgen -syscalls -workload closed-64 ./impls/... what each server asks of the kernel for a request
  loadgen -pauses -workload closed-64 ./impls/...   how long garbage collection stopped each server
  loadgen -every 100ms -duration 10s -blocks 1 -workload open-5k ./impls/gnet
                                                    one long cell, its latencies kept for each tenth of a second
  loadgen -list                                     workloads and suites, a line each

A workload is a file. A closed loop keeps depth requests in flight on each connection; an open loop sends at planned times,
whatever came back, and counts a request's response time from its planned time:

  {"about": "why", "loop": "closed", "conns": 64, "depth": 1, "message_bytes": 64}
  {"about": "why", "loop": "open", "conns": 64, "rate": 20000, "arrivals": "poisson", "message_bytes": 64}

Instead of rate: "ramp": {"from": 1000, "to": 50000, "ms": 1000}, "steps": [{"rate": 1000, "ms": 500}, {"rate": 9000, "ms": 500}] or
"trace_us": [50, 120, 30], gaps that repeat. Instead of message_bytes: "mix": [{"bytes": 64, "share": 0.9}, {"bytes": 65536, "share": 0.1}]
or "ladder": [1, 64, 4096]. depth in an open loop is the most requests in flight on a connection, 0 is no limit. "requests_per_conn": 10 opens a new connection
after every ten, or with "storm": true all new ones at once when the last old one is closed, "stalled_conns": 8 adds connections that send and never read, "connects_per_s": 500 opens them at a pace,
"sources": "127.0.1.0/28" lets them begin at sixteen addresses in turn.

Ratios to the least a server can do need ./impls/bare among the servers, and intervals need six blocks.
Records go to records.jsonl in the folder of -out, with an .hlog of every histogram; draw them with: plots FOLDER

Exit status: 0 all cells have figures, 1 some have not, 2 usage, 130 interrupted (the records so far are kept).

`

// options is the command line, checked and complete.
type options struct {
	list      bool
	suite     Suite
	workloads []Workload
	targets   []impls.Impl // without -addr
	address   string       // of a running server
	pid       int
	base      string // of a pair: the server in another checkout
	baseEnv   []string
	out       string
	seed      uint64
	engine    string
	loops     int
	patience  time.Duration
	every     time.Duration // latencies are kept apart for each such stretch of a cell; 0: they are not
	exports   []string      // formats beside the records
	slo       Objective     // of a search; zero: none
	sweep     bool
	scale     bool
	syscalls  bool
	stamps    bool
	pauses    bool

	serverCPUs, engineCPUs []int
	arguments              []string // as given, for the record
}

// parse reads the command line. An error is one sentence for the user; flag.ErrHelp means that help was asked for.
func parse(arguments []string, stdout io.Writer) (options, error) {
	o := options{arguments: arguments}
	flags := flag.NewFlagSet("loadgen", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // flag prints its errors itself otherwise, and twice
	suite := flags.String("suite", "", "`name` of a suite, or a .json file; default quick")
	workload := flags.String("workload", "", "`name` of a workload, or a .json file; several with commas")
	blocks := flags.Int("blocks", 0, "`number` of blocks; default the suite's, or 6, or 12 pairs")
	var overrides []override
	flags.Func("set", "`field=value` of every workload, as in its file; several times for several fields", func(text string) error {
		field, value, ok := strings.Cut(text, "=")
		if !ok {
			return errors.New("want FIELD=VALUE, such as rate=30000")
		}
		overrides = append(overrides, override{field, value})
		return nil
	})
	for _, field := range []string{"rate", "conns", "depth", "message_bytes"} {
		name := strings.ReplaceAll(field, "_", "-")
		flags.Func(name, "short for -set "+field+"=`value`", func(value string) error {
			overrides = append(overrides, override{field, value})
			return nil
		})
	}
	duration := flags.Duration("duration", 0, "measured window of a cell; default the suite's, or 1s, or 250ms of a pair")
	cpus := flags.String("cpus", "", "`cores` of servers and of engines, such as 0/1 or 0-3/4-7; default half and half")
	flags.StringVar(&o.out, "out", "", "`folder` for the records; default results/<utc>-<commit>")
	flags.StringVar(&o.address, "addr", "", "`address` of a running server, HOST:PORT or unix:PATH, instead of patterns")
	flags.IntVar(&o.pid, "pid", 0, "process `number` of that server, to measure what it costs")
	flags.StringVar(&o.base, "base", "", "compare each server with this one, in pairs of fresh processes: its `folder`, here or in another checkout")
	flags.Func("base-env", "`KEY=VALUE` in the environment of that server alone, such as GOGC=off: with -base naming the same server it shows what a setting costs; several times for several", func(text string) error {
		if key, _, ok := strings.Cut(text, "="); !ok || key == "" {
			return errors.New("want KEY=VALUE, such as GOGC=off")
		}
		o.baseEnv = append(o.baseEnv, text)
		return nil
	})
	flags.Uint64Var(&o.seed, "seed", 0, "seed of order and payload; 0 takes a random one, which is printed")
	flags.StringVar(&o.engine, "engine", defaultEngine, "`client`: epoll (Linux), spin (the same without sleep: punctual, takes its cores whole), io_uring (Linux 6.12; cheaper in closed loops, no churn) or portable (anywhere, costs more)")
	slo := flags.String("slo", "", "find the highest rate of an open workload that keeps an `objective` on the response time, such as 'p99<1ms'")
	flags.BoolVar(&o.sweep, "sweep", false, "run an open workload at 10 to 100 % of each server's measured capacity")
	flags.BoolVar(&o.scale, "scale", false, "run a closed workload with 1, 2, 4, ... up to its connections, and fit the universal scalability law")
	flags.BoolVar(&o.syscalls, "syscalls", false, "count each server's system calls per request by strace, in a run without times")
	flags.BoolVar(&o.pauses, "pauses", false, "tell how long the garbage collection of each Go server stopped it, by its own trace, in a run without times")
	flags.BoolVar(&o.stamps, "stamps", false, "take the kernel's time stamp of one reply in 64, to tell what of the latency is the generator's own (Linux; dearer by some 20 ns a packet); an open loop does so of each reply anyway")
	export := flags.String("export", "", "write the records in further `formats` too: benchstat, csv, github, hgrm; several with commas")
	flags.DurationVar(&o.every, "every", 0, "keep the latencies of each such `stretch` of a cell apart, for a picture of them over time")
	flags.DurationVar(&o.patience, "patience", 5*time.Second, "how long a connection or a reply may take; a closed loop then gives the connection up, an open one waits so long after its window")
	flags.IntVar(&o.loops, "loops", 1, "event loops of each server")
	flags.BoolVar(&o.list, "list", false, "list workloads and suites")
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, help)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return o, err
	case err != nil:
		return o, fmt.Errorf("%w; loadgen -h shows the flags", err)
	case o.list:
		return o, nil
	}
	for _, step := range []func() error{
		func() error { return o.chooseLoad(*suite, *workload, overrides, *blocks, *duration) },
		func() error { return checkStretches(o.every, o.suite.Measure()) },
		func() error { return o.chooseServers(flags.Args()) },
		func() error { return o.chooseMachine(*cpus) },
		func() error { return o.chooseExports(*export) },
		func() error { return o.choosePurpose(*slo) },
		func() error { return o.checkLatencies() },
	} {
		if err := step(); err != nil {
			return o, err
		}
	}
	return o, nil
}

// checkLatencies refuses to keep or to stamp latencies where none of the workloads has any.
func (o *options) checkLatencies() error {
	if flag := o.ofLatencies(); flag != "" && len(o.idle()) == len(o.workloads) {
		return fmt.Errorf("%s is about latencies, of which an idle workload has none", flag)
	}
	return nil
}

// ofLatencies is the flag that an idle workload cannot follow, if there is one.
func (o *options) ofLatencies() string {
	switch {
	case o.every > 0:
		return "-every"
	case o.stamps:
		return "-stamps"
	}
	return ""
}

// idle are the names of the idle workloads.
func (o *options) idle() (names []string) {
	for _, w := range o.workloads {
		if w.Loop == "idle" {
			names = append(names, w.Name)
		}
	}
	return names
}

// checkStretches refuses what a log cannot tell apart and what memory cannot hold.
func checkStretches(every, window time.Duration) error {
	switch {
	case every == 0:
		return nil
	case every < 10*time.Millisecond || every%time.Millisecond != 0:
		return fmt.Errorf("-every %v: want whole milliseconds, 10ms at least", every)
	case window/every > mostStretches:
		return fmt.Errorf("-every %v makes %d stretches of a cell of %v; at most %d are kept", every, window/every, window, mostStretches)
	}
	return nil
}

// chooseLoad turns -suite or -workload into workloads. One workload by itself gets the effort that intervals need.
func (o *options) chooseLoad(suite, workload string, overrides []override, blocks int, duration time.Duration) (err error) {
	switch {
	case suite != "" && workload != "":
		return errors.New("-suite and -workload exclude each other")
	case workload != "":
		o.suite = Suite{Workloads: strings.Split(workload, ","), Blocks: 6, MeasureMs: 1000}
		if o.base != "" {
			o.suite.Blocks, o.suite.MeasureMs = pairBlocks, int(pairSlice.Milliseconds())
		}
	default:
		if suite == "" {
			suite = "quick"
		}
		if o.suite, err = loadSuite(suite); err != nil {
			return err
		}
	}
	if blocks < 0 || duration < 0 {
		return errors.New("-blocks and -duration must be positive")
	}
	if blocks > 0 {
		o.suite.Blocks = blocks
	}
	if duration > 0 {
		if duration < 10*time.Millisecond {
			return fmt.Errorf("-duration %v is too short; the least is 10ms", duration)
		}
		o.suite.MeasureMs = int(duration.Milliseconds())
	}
	for _, name := range o.suite.Workloads {
		w, err := loadWorkload(name, overrides)
		if err != nil {
			return err
		}
		o.workloads = append(o.workloads, w)
	}
	return nil
}

// chooseServers finds the implementations, or takes the running server.
func (o *options) chooseServers(patterns []string) error {
	switch {
	case o.address != "" && len(patterns) > 0:
		return fmt.Errorf("-addr is one running server; leave out %s", strings.Join(patterns, " "))
	case o.address != "" && o.base != "":
		return errors.New("-base starts its servers itself; leave out -addr")
	case o.address != "":
		return checkAddress(o.address)
	case o.pid != 0:
		return errors.New("-pid goes with -addr")
	case len(patterns) == 0:
		return errors.New("name the servers, such as ./impls/..., or a running one with -addr")
	}
	if flag := slices.IndexFunc(patterns, func(p string) bool { return strings.HasPrefix(p, "-") }); flag >= 0 {
		return fmt.Errorf("%s comes too late: flags stand before the servers", patterns[flag])
	}
	found, err := impls.Find(patterns...)
	if err != nil {
		return err
	}
	o.targets = o.suite.Picks(found)
	return o.choosePair()
}

func checkAddress(address string) error {
	if path, ok := strings.CutPrefix(address, "unix:"); ok && path != "" {
		return nil
	}
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		return fmt.Errorf("-addr %s is no address; want HOST:PORT, such as 127.0.0.1:7007, or unix:PATH", address)
	}
	return nil
}

// choosePair puts the base before the head; each pattern has to name one server.
func (o *options) choosePair() error {
	if o.base == "" {
		if len(o.baseEnv) > 0 {
			return errors.New("-base-env is for the server of -base")
		}
		return nil
	}
	base, err := impls.Find(o.base)
	if plain := slices.IndexFunc(base, func(im impls.Impl) bool { return im.Name == im.Folder }); plain >= 0 {
		base = base[plain : plain+1] // the variant without a name of its own cannot be named otherwise
	}
	switch {
	case err != nil:
		return fmt.Errorf("-base: %w", err)
	case len(base) != 1:
		return fmt.Errorf("-base %s names %d servers; a pair has one", o.base, len(base))
	case slices.ContainsFunc(o.workloads, func(w Workload) bool { return w.Loop == "idle" }):
		return errors.New("-base compares CPU time per request, of which an idle workload has none")
	}
	base[0].Env = slices.Concat(base[0].Env, o.baseEnv)
	o.targets = append([]impls.Impl{base[0]}, o.targets...)
	return nil
}

func (o *options) chooseMachine(cpus string) (err error) {
	if _, ok := engines()[o.engine]; !ok {
		return fmt.Errorf("there is no engine %q on this system; there is %s", o.engine, strings.Join(slices.Sorted(maps.Keys(engines())), ", "))
	}
	if err := refused(o.engine); err != nil {
		return err
	}
	for _, w := range o.workloads {
		if err := w.fits(descriptorLimit()); err != nil {
			return err
		}
		if field := w.needsEpoll(o.engine); field != "" {
			return fmt.Errorf("workload %s has %s, which needs the epoll engine; this is the %s one", w.Name, field, o.engine)
		}
	}
	if o.stamps && o.engine != "epoll" && o.engine != spinning {
		return fmt.Errorf("-stamps needs the epoll engine; this is the %s one", o.engine)
	}
	if o.loops < 1 {
		return fmt.Errorf("-loops is %d; it must be at least 1", o.loops)
	}
	if o.patience < 10*time.Millisecond || o.patience > time.Minute {
		return fmt.Errorf("-patience is %v; it may be 10ms to 1m", o.patience)
	}
	if o.seed == 0 {
		o.seed = rand.Uint64()>>32 + 1 // short enough to be typed again
	}
	allowed := allowedCPUs()
	if cpus == "" {
		o.serverCPUs, o.engineCPUs = halves(allowed)
	} else if o.serverCPUs, o.engineCPUs, err = parseCPUs(cpus, allowed); err != nil {
		return err
	}
	if o.engine == spinning && overlap(o.serverCPUs, o.engineCPUs) {
		return fmt.Errorf("-engine spin never sleeps, so its cores cannot be the servers' too: servers have %v, it has %v; name others with -cpus, or take -engine epoll",
			o.serverCPUs, o.engineCPUs)
	}
	if o.out == "" {
		commit, _, _ := results.Checkout()
		o.out = filepath.Join("results", results.FolderName(time.Now(), commit))
	}
	return nil
}

// choosePurpose is for runs that are no comparison of workloads.
func (o *options) choosePurpose(slo string) (err error) {
	var given []string
	for _, p := range []struct {
		flag string
		set  bool
	}{{"-base", o.base != ""}, {"-slo", slo != ""}, {"-sweep", o.sweep}, {"-scale", o.scale}, {"-syscalls", o.syscalls}, {"-pauses", o.pauses}, {"-every", o.every > 0}} {
		if p.set {
			given = append(given, p.flag)
		}
	}
	switch {
	case len(given) > 1:
		return fmt.Errorf("%s exclude each other: each is a run of its own", strings.Join(given, " and "))
	case slo != "":
		if o.slo, err = parseObjective(slo); err != nil {
			return err
		}
		return o.needsRate("-slo")
	case o.sweep:
		return o.needsRate("-sweep")
	case o.scale && (len(o.workloads) != 1 || o.workloads[0].Loop != "closed" || o.workloads[0].Conns < leastScaled):
		return fmt.Errorf("-scale needs one closed workload with %d connections or more, such as -workload closed-64", leastScaled)
	case o.syscalls:
		return o.needsRequests("-syscalls")
	case o.pauses && o.address != "":
		return errors.New("-pauses needs servers that it starts itself, with their trace on; leave out -addr")
	case o.pauses:
		return o.needsRequests("-pauses")
	}
	return nil
}

func (o *options) needsRequests(flag string) error {
	if slices.ContainsFunc(o.workloads, func(w Workload) bool { return w.Loop == "idle" }) {
		return fmt.Errorf("%s needs workloads with requests; an idle one has none", flag)
	}
	return nil
}

func (o *options) needsRate(flag string) error {
	if len(o.workloads) != 1 || o.workloads[0].Rate == 0 {
		return fmt.Errorf("%s needs one open workload with a rate, such as -workload open-5k", flag)
	}
	return nil
}

func (o *options) chooseExports(formats string) error {
	if formats == "" {
		return nil
	}
	o.exports = strings.Split(formats, ",")
	return results.CheckExportFormats(o.exports)
}

// list prints what there is to choose from.
func list(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "workloads")
	for _, name := range names("workload") {
		load, err := loadWorkload(name, nil)
		if err != nil {
			return err
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\n", name, load.shape(), load.About)
	}
	fmt.Fprintln(t, "suites")
	for _, name := range names("suite") {
		s, err := loadSuite(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(t, "  %s\t%s, %s\t%s\n", name, countOf(len(s.Workloads), "workload"), countOf(s.Blocks, "block"), s.About)
	}
	return t.Flush()
}
