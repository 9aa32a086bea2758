package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"reactorbench/conformance/spec"
)

// A config is the command line, understood.
type config struct {
	patterns []string // of implementations
	command  []string // after --
	addr     string   // of a server that runs already
	pid      int

	run, skip pattern
	profile   spec.Profile
	list      bool
	explain   string
	document  bool // -spec: write SPEC.md
	replay    string

	verbose  bool
	json     bool
	failFast bool
	strict   bool
	count    int
	parallel int // implementations at a time
	loops    int // event loops of each server
	timeout  time.Duration
	slow     float64
	seed     uint64
	junit    string
	report   string
	pcap     string // a folder
	html     string
	badge    string
	trace    string // folder
}

const usageText = `Usage: conformance [flags] [implementations | -- command | -addr HOST:PORT]

conformance holds echo servers to one specification (see SPEC.md).

  conformance ./impls/...                          every implementation
  conformance -run close ./impls/gnet              one family of checks, one server
  conformance -- ./my-server -addr {addr}          any program; {addr}, {host}, {port} are filled in
  conformance -html m.html -trace t ./impls/...    a matrix to look at, and a wire log for each failure
  conformance -addr 127.0.0.1:7007 -pid 4242       a server that runs already; without -pid only from outside
  conformance -list                                the checks, a line each
  conformance -explain close/half-close-backlog    what a check asks and why
  conformance -replay FILE ./impls/gnet            a schedule of clients, as fuzz/schedule writes it
  gotestsum --raw-command -- conformance -json ./impls/...
                                                   the events of go test -json, for tools that read them

Exit status: 0 conformant; 1 a MUST is broken, a server crashed or hung, or a known failure passes;
2 wrong usage or nothing matched; 3 an implementation could not be built or started; 4 the suite or the
machine is at fault, or -timeout came; 130 interrupted (the summary is written all the same).

Flags:
`

// parse understands the arguments. The error, if any, has not been printed, except flag.ErrHelp, which is the help.
func parse(args []string, stderr io.Writer) (config, error) {
	c := config{}
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	run := flags.String("run", "", "run only checks that match `regexp`, split at slashes as by go test")
	flags.StringVar(run, "test.run", "", "the same as -run, for tools that wrap go test")
	skip := flags.String("skip", "", "leave out checks that match `regexp`")
	profile := flags.String("profile", "full", "how much to ask: `core`, full or torture")
	short := flags.Bool("short", false, "the same as -profile core")
	flags.BoolVar(&c.list, "list", false, "list the checks and exit")
	flags.StringVar(&c.explain, "explain", "", "explain the check `slug` and exit")
	flags.StringVar(&c.replay, "replay", "", "carry out the schedule in `file`, as a failed fuzz check wrote it, instead of the checks")
	flags.BoolVar(&c.document, "spec", false, "write the specification as Markdown and exit")
	flags.BoolVar(&c.verbose, "v", false, "report every check, not only failures")
	flags.BoolVar(&c.json, "json", false, "report as go test -json does; with -list, one check a line")
	flags.BoolVar(&c.failFast, "failfast", false, "stop at the first failure")
	flags.BoolVar(&c.strict, "strict", false, "a broken SHOULD and a flaky check fail the run too")
	flags.IntVar(&c.count, "count", 1, "run each check `n` times, and say at the end which had an unexpected verdict, and how often")
	flags.IntVar(&c.parallel, "parallel", 1, "check `n` implementations at a time; each is still reported in its turn")
	flags.IntVar(&c.loops, "loops", 1, "start servers with `n` event loops")
	flags.DurationVar(&c.timeout, "timeout", 10*time.Minute, "stop an implementation's checks after `duration`; 0 is never")
	flags.Float64Var(&c.slow, "slow", 1, "stretch every limit of time by `factor`, on a slow machine")
	flags.Uint64Var(&c.seed, "seed", 0, "draw payload and schedules from seed `n`; 0 chooses one")
	flags.StringVar(&c.junit, "junit", "", "write JUnit XML to `file`")
	flags.StringVar(&c.report, "report", "", "write the results as JSON to `file`")
	flags.StringVar(&c.pcap, "pcap", "", "record what a bad network did, as pcapng, in `folder`: a file for each check of net")
	flags.StringVar(&c.html, "html", "", "write a matrix of implementations and checks to `file`, one page that needs nothing else")
	flags.StringVar(&c.badge, "badge", "", "write \"n of m MUSTs\" to `file`: .svg is a drawing, .json an endpoint of shields.io")
	flags.StringVar(&c.trace, "trace", "", "write what failed to files in `dir`, each with its wire log, and the scripts of fuzz checks")
	flags.StringVar(&c.addr, "addr", "", "check the server that runs at `host:port` (or unix:path)")
	flags.IntVar(&c.pid, "pid", 0, "the process `number` of the server at -addr")

	before, command := cut(args)
	if err := flags.Parse(before); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stderr, usageText)
			flags.SetOutput(stderr)
			flags.PrintDefaults()
		}
		return c, err
	}
	c.patterns, c.command = flags.Args(), command
	return c, c.understand(*run, *skip, *profile, *short)
}

// cut splits the arguments at --.
func cut(args []string) (before, command []string) {
	if i := slices.Index(args, "--"); i >= 0 {
		return args[:i], append([]string{}, args[i+1:]...)
	}
	return args, nil
}

// understand checks what the flag package could not.
func (c *config) understand(run, skip, profile string, short bool) (err error) {
	if c.run, err = parsePattern(run); err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	if c.skip, err = parsePattern(skip); err != nil {
		return fmt.Errorf("-skip: %w", err)
	}
	if c.profile, err = spec.ParseProfile(profile); err != nil {
		return err
	}
	if short {
		c.profile = spec.Core
	}
	if c.slow <= 0 || c.count < 1 || c.parallel < 1 || c.loops < 1 {
		return errors.New("-slow must be above 0, -count, -parallel and -loops at least 1")
	}
	if c.seed == 0 {
		c.seed = rand.Uint64N(1_000_000) + 1 // short enough to be typed again
	}
	if _, err := (badge{}).file(c.badge); c.badge != "" && err != nil {
		return err
	}
	return c.oneSubject()
}

// oneSubject demands exactly one way of saying what is under test.
func (c *config) oneSubject() error {
	ways := 0
	for _, given := range []bool{len(c.patterns) > 0, c.command != nil, c.addr != ""} {
		if given {
			ways++
		}
	}
	switch {
	case c.command != nil && len(c.command) == 0:
		return errors.New("no command after --")
	case c.pid != 0 && c.addr == "":
		return errors.New("-pid needs -addr")
	case ways > 1:
		return errors.New("name implementations, or a command after --, or -addr, not several of them")
	case ways == 0 && !c.list && c.explain == "" && !c.document:
		return errors.New("nothing to check: name implementations, as in conformance ./impls/..., or see conformance -h")
	}
	return nil
}
