package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"reactorbench/impls"
	"reactorbench/results"
)

// The exit statuses of the command.
const (
	exitDone        = 0
	exitSomeFailed  = 1
	exitUsage       = 2
	exitInterrupted = 130 // 128 + SIGINT, as shells have it
)

// command is the whole program except the process around it.
func command(ctx context.Context, arguments []string, stdout, stderr *os.File) int {
	o, err := parse(arguments, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		fmt.Fprintln(stderr, "loadgen:", err)
		return exitUsage
	case o.list:
		if err := list(stdout); err != nil {
			fmt.Fprintln(stderr, "loadgen:", err)
			return exitSomeFailed
		}
		return exitDone
	}
	r := &runner{options: o, stdout: stdout, stderr: stderr}
	switch err := r.run(ctx); {
	case errors.Is(err, errAborted):
		fmt.Fprintln(stderr, "loadgen: interrupted;", r.whereabouts())
		return exitInterrupted
	case err != nil:
		fmt.Fprintln(stderr, "loadgen:", err)
		return exitSomeFailed
	case r.failed > 0:
		return exitSomeFailed
	}
	return exitDone
}

// A runner carries one run from the command line to the table.
type runner struct {
	options
	stdout, stderr *os.File

	env     results.Env
	records []results.Record
	failed  int             // cells without figures
	told    map[string]bool // errors that were shown already
}

// whereabouts tells what an interrupted run has left behind.
func (r *runner) whereabouts() string {
	if len(r.records) == 0 {
		return "no cell was finished"
	}
	if len(r.records) == 1 {
		return "1 record is in " + r.out
	}
	return fmt.Sprintf("%d records are in %s", len(r.records), r.out)
}

func (r *runner) run(ctx context.Context) error {
	r.env = results.Describe() // before anything loads the machine
	builder, err := impls.NewBuilder()
	if err != nil {
		return err
	}
	defer builder.Close()
	b := r.bench()
	targets, err := r.prepare(ctx, builder, b)
	if err != nil {
		return err
	}
	if err := r.sameEngine(); err != nil {
		return err
	}
	writer, err := results.Append(r.out)
	if err != nil {
		return err
	}
	defer writer.Close()
	r.env.Plan = r.plan()
	if err := results.WriteEnv(r.out, r.env); err != nil {
		return err
	}
	measure := r.measure
	switch {
	case r.base != "":
		measure = r.measurePairs
	case r.slo != Objective{}:
		measure = r.searchAll
	case r.sweep:
		measure = r.sweepAll
	case r.scale:
		measure = r.scaleAll
	case r.syscalls:
		measure = r.countAll
	case r.pauses:
		measure = r.pauseAll
	}
	if err := measure(ctx, b, targets, writer); err != nil {
		return err
	}
	for _, format := range r.exports {
		if err := results.Export(r.out, format, measured(r.records), r.env.Machine); err != nil {
			return err
		}
	}
	r.env.DescribeEnd(time.Now())
	if err := results.WriteEnv(r.out, r.env); err != nil {
		return err
	}
	switch {
	case r.base != "":
		printPairs(r.stdout, r.records, strings.Join(append([]string{r.footer()}, r.baseEnv...), " · base with "))
	case r.slo == (Objective{}) && !r.sweep && !r.scale && !r.syscalls && !r.pauses:
		printTable(r.stdout, r.records, r.workloads, r.footer())
	}
	return nil
}

// sameEngine refuses a folder with records of another engine before anything is measured: nobody could draw both.
func (r *runner) sameEngine() error {
	run, err := results.Open(r.out)
	if err != nil {
		return nil // a new folder, or an empty one: Append tells what is wrong with it
	}
	for _, record := range run.Records() {
		if record.Engine != r.engine {
			return fmt.Errorf("%s holds records of the engine %s and this is %s: give it a folder of its own (-out)", r.out, cmp.Or(record.Engine, "of an earlier version"), r.engine)
		}
	}
	return nil
}

// runID is the same for all records of this start of the command.
func (r *runner) runID() string { return results.FolderName(r.env.Plan.Began, r.env.Commit) }

// bench prepares this process for measuring: cores, and a garbage collector that waits until a cell is over.
func (r *runner) bench() *bench {
	return &bench{
		engine: engines()[r.engine], engineName: r.engine,
		serverCPUs: r.serverCPUs, engineCPUs: r.engineCPUs, loops: r.loops,
		window:   window{WarmUp: 100 * time.Millisecond, Measure: r.suite.Measure()},
		every:    r.every,
		patience: r.patience, stamps: r.stamps,
	}
}

// prepare builds every implementation and starts each once: a server that is missing, or does not come up, is told once and
// here, and no compiler runs beside a measurement.
func (r *runner) prepare(ctx context.Context, builder *impls.Builder, b *bench) ([]target, error) {
	if r.address != "" {
		return []target{runningServer(r.address, r.pid)}, nil
	}
	var targets []target
	for _, im := range r.targets {
		t, err := r.prepareOne(ctx, builder, b, im)
		if ctx.Err() != nil {
			return nil, errAborted
		}
		if err != nil {
			fmt.Fprintf(r.stderr, "left out: %s\n", oneLine(err))
			continue
		}
		targets = append(targets, t)
	}
	if r.base != "" && len(targets) < 2 {
		return nil, errors.New("a pair needs both of its servers")
	}
	if len(targets) == 0 {
		return nil, errors.New("none of the servers can be run here")
	}
	return targets, nil
}

func (r *runner) prepareOne(ctx context.Context, builder *impls.Builder, b *bench, im impls.Impl) (target, error) {
	if missing := im.Missing(); len(missing) > 0 {
		var needs []string
		for _, n := range missing {
			needs = append(needs, n.String())
		}
		return target{}, fmt.Errorf("%s: %s", im.Name, strings.Join(needs, ", "))
	}
	program, err := builder.Build(ctx, im)
	if err != nil {
		return target{}, err
	}
	server, err := program.Start(context.WithoutCancel(ctx), impls.Options{CPUs: b.serverCPUs, Loops: b.loops})
	if err != nil {
		return target{}, err
	}
	if p, err := results.DescribeProgram(im.Name, server.PID()); err == nil {
		r.env.Programs = append(r.env.Programs, p)
	}
	_, err = server.Stop(context.Background())
	return target{impl: im, program: program}, err
}

func (r *runner) plan() results.Plan {
	return results.Plan{
		Command: withoutPlaces(r.arguments, here()), Suite: r.suite.Name, Seed: r.seed, Blocks: r.suite.Blocks, Engine: r.engine,
		ServerCPUs: r.serverCPUs, EngineCPUs: r.engineCPUs, Loops: r.loops, Gomaxprocs: impls.Procs(r.loops), PatienceMs: r.patience.Milliseconds(), Began: time.Now().UTC(),
	}
}

// measure runs all blocks and appends a record for each cell as soon as it is over.
func (r *runner) measure(ctx context.Context, b *bench, targets []target, writer *results.Writer) error {
	if err := quieten(b); err != nil {
		return err
	}
	if err := r.calibrate(ctx, b, writer); err != nil {
		return err
	}
	plan := blocks(targets, r.workloads, r.suite.Blocks, r.seed)
	total := len(targets) * len(r.workloads) * len(plan)
	fmt.Fprintf(r.stderr, "%s: %s × %s × %s, seed %d, records in %s\n",
		countOf(total, "cell"), countOf(len(targets), "server"), countOf(len(r.workloads), "workload"), countOf(len(plan), "block"), r.seed, r.out)
	if flag, idle := r.ofLatencies(), r.idle(); flag != "" && len(idle) > 0 {
		fmt.Fprintf(r.stderr, "%s does nothing for %s: an idle workload has no latencies\n", flag, strings.Join(idle, ", "))
	}
	return r.inBlocks(ctx, b, plan, "", writer)
}

// inBlocks runs a plan and shows its progress.
func (r *runner) inBlocks(ctx context.Context, b *bench, plan [][]cell, purpose string, writer *results.Writer) error {
	p := newProgress(r.stderr, len(plan)*len(plan[0]), len(plan))
	defer p.finish()
	b.watch = p.watch
	for _, block := range plan {
		for _, c := range block {
			p.begin(c)
			record, err := b.run(ctx, c)
			if err != nil {
				return err
			}
			record.Purpose = purpose
			if err := r.keep(writer, p, record); err != nil {
				return err
			}
			p.done(c, record)
		}
	}
	return nil
}

// keep writes a record as soon as its cell is over, so that an interruption loses no other.
func (r *runner) keep(writer *results.Writer, p progress, record results.Record) error {
	record.RunID, record.EnvID, record.Commit, record.Dirty = r.runID(), r.env.EnvID, r.env.Commit, r.env.Dirty
	if err := writer.Write(record); err != nil {
		return err
	}
	r.note(p, record)
	return nil
}

// quieten pins this process away from the server's cores and keeps the garbage collector out of cells. The limit is a net for the
// case that a cell takes far more memory than any known one does.
func quieten(b *bench) error {
	if err := pinProcess(b.engineCPUs); err != nil {
		return err
	}
	runtime.GOMAXPROCS(max(len(b.engineCPUs), 1) + 1) // one for what is no engine
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(2 << 30)
	return nil
}

// note keeps a record for the table and shows an error the first time that it comes.
func (r *runner) note(p progress, record results.Record) {
	r.records = append(r.records, record)
	if !record.Failed() {
		return
	}
	r.failed++
	if r.told == nil {
		r.told = make(map[string]bool)
	}
	if key := record.Impl + " " + record.Workload; !r.told[key] {
		r.told[key] = true
		p.note("%s %s: %s", record.Impl, record.Workload, record.Error)
	}
}

// footer is the line below the table of a comparison: what the figures rest on.
func (r *runner) footer() string {
	return r.footerOf(fmt.Sprintf("%s of %v", countOf(r.suite.Blocks, "block"), r.suite.Measure()))
}

// footerOf is that line for cells that are no blocks.
func (r *runner) footerOf(cells string) string {
	m := r.env.Machine
	parts := []string{
		cells,
		fmt.Sprintf("%d cores: server %v, generator %v", m.LogicalCPUs, r.serverCPUs, r.engineCPUs),
		"kernel " + m.Kernel,
		fmt.Sprintf("seed %d", r.seed),
		"records: " + r.out,
	}
	return strings.Join(parts, " · ")
}
