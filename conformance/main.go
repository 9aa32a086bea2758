// Command conformance holds echo servers to one specification and says which promises each keeps.
//
// Usage, as of go test:
//
//	conformance [flags] ./impls/...                implementations, by folder
//	conformance [flags] -- ./my-server -addr {addr}   any program
//	conformance [flags] -addr HOST:PORT [-pid N]   a server that runs already
//
// The checks are functions in package spec. This command chooses them (select.go), finds and builds the servers
// (targets.go), runs one implementation after another (session.go), two checks at a time (lanes.go), and tells what came
// out: as text for people (text.go), as test2json events (json.go), as JUnit (junit.go), as a page with a matrix (html.go),
// as a badge (badge.go), and as the report that plots reads (report.go).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"reactorbench/conformance/spec"
)

// The exit status tells what a script may conclude.
const (
	exitConformant  = 0
	exitFailed      = 1   // a MUST is broken, a server crashed or hung, or a known failure passes
	exitUsage       = 2   // also: nothing matched, no such implementation
	exitNotStarted  = 3   // an implementation could not be built or started
	exitCannotTell  = 4   // the suite or the machine is at fault, or -timeout came
	exitInterrupted = 130 // Ctrl-C: 128 + SIGINT, as shells count
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if status, done := runUnprivileged(ctx); done {
		os.Exit(status)
	}
	os.Exit(conformance(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// conformance is main with its surroundings as arguments.
func conformance(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitConformant
	case err != nil:
		return complain(stderr, exitUsage, err)
	}
	checks, err := c.checks()
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	switch {
	case c.document:
		fmt.Fprint(stdout, document(spec.All()))
		return exitConformant
	case c.explain != "":
		return c.explainCheck(stdout, stderr)
	case c.list:
		return list(stdout, checks, c.json)
	}
	return check(ctx, c, checks, stdout, stderr)
}

// check runs the checks and writes the reports.
func check(ctx context.Context, c config, checks []spec.Check, stdout, stderr io.Writer) int {
	targets, release, err := c.targets(ctx, spec.All())
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	defer release()
	if c.badge != "" && len(targets) != 1 {
		return complain(stderr, exitUsage, fmt.Errorf("-badge is about one server; %d were named, such as %s and %s",
			len(targets), targets[0].Target.Name, targets[1].Target.Name))
	}
	s := newSession(c, checks, stdout, stderr)
	s.run(ctx, targets)
	if err := s.writeReports(); err != nil {
		return complain(stderr, exitCannotTell, err)
	}
	return s.exitStatus()
}

func complain(stderr io.Writer, status int, err error) int {
	fmt.Fprintln(stderr, "conformance:", err)
	return status
}
