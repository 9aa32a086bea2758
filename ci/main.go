// Command ci answers whether a change made a server slower, with known rates of error, and keeps the history of that.
//
//	ci gate -base origin/main      PASS, FAIL, INCONCLUSIVE or INVALID RUN, for the checked-out commit against its base
//	ci selftest                    how often the gate errs on this machine: false alarms, and slow-downs that it misses
//	ci history -file history.jsonl what a request has cost over the commits, and which of them changed it
//	ci limits                      what the reactor costs beside the least, its peers and libevent
//
// Two programs are compared within the same second (loadgen -base), on server CPU time per request, which other tenants of the
// machine disturb least; blocks of fresh processes are the unit of statistics (signedrank.go, shift.go), and a
// plan of three looks with a confirmation decides (plan.go). Beside the times stands what can be counted: system calls, allocations,
// bytes of an idle connection (counted.go). An honest gate needs a third answer beside yes and no: where
// the machine was too noisy to tell, it says so.
//
// Throughput and percentiles are not gated on: on a shared two-core machine the same program differs from itself by half.
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
)

// The exit statuses.
const (
	exitDone        = 0 // also INCONCLUSIVE, which is said aloud
	exitFailed      = 1
	exitUsage       = 2   // also a checkout that cannot be compared: no git, a dirty tree, an unknown base
	exitInvalid     = 3   // the run told two copies of one program apart
	exitCannotTell  = 4   // a server could not be built or measured
	exitInterrupted = 130 // 128 + SIGINT, as shells have it
)

const usageText = `ci judges changes.

  ci gate -base origin/main      did the checked-out commit make a server slower? (ci gate -h)
  ci selftest                    how often does the gate err on this machine? (ci selftest -h)
  ci history -file FILE          what has a request cost over the commits? (ci history -h)
  ci limits                      does the reactor cost what it may? a table of goals (ci limits -h)

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// A usageError is the user's to mend.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// command is main with its surroundings as arguments.
func command(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	status, err := run(ctx, arguments, stdout, stderr)
	var usage usageError
	switch {
	case err == nil:
		return status
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "ci: interrupted")
		return exitInterrupted
	case errors.As(err, &usage):
		status = exitUsage
	default:
		status = exitCannotTell
	}
	fmt.Fprintln(stderr, "ci:", err)
	return status
}

func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) (int, error) {
	if len(arguments) == 0 {
		fmt.Fprint(stderr, usageText)
		return exitUsage, nil
	}
	switch name := arguments[0]; name {
	case "gate":
		return gateCommand(ctx, arguments[1:], stdout, stderr)
	case "selftest":
		return selftestCommand(ctx, arguments[1:], stdout, stderr)
	case "history":
		return historyCommand(ctx, arguments[1:], stdout, stderr)
	case "limits":
		return limitsCommand(ctx, arguments[1:], stdout, stderr)
	case "-h", "-help", "--help", "help":
		fmt.Fprint(stdout, usageText)
		return exitDone, nil
	default:
		return exitUsage, usagef("there is no command %q; ci -h lists them", name)
	}
}
