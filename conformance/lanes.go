package main

import (
	"context"
	"slices"
	"sync"

	"reactorbench/conformance/spec"
)

// Lanes hold one target to its checks, several at a time. A check that mostly stands still (spec.Check.Quiet) costs time and no
// processor, so those run beside the others, and beside each other. Each lane has servers of its own, and within a lane one check
// runs at a time. They are reported in the order of the specification.
type lanes struct {
	checks []spec.Check
	enough func(spec.Result) bool // whether to stop at this result

	ctx    context.Context
	giveUp context.CancelFunc
	turns  *turns

	mu          sync.Mutex
	results     []spec.Result // by the index of the check; one without a verdict has not run
	unstartable error
	served      bool // in one of the lanes a server has started
}

func newLanes(ctx context.Context, checks []spec.Check, tell progress) *lanes {
	l := &lanes{checks: checks, turns: newTurns(tell), results: make([]spec.Result, len(checks))}
	l.ctx, l.giveUp = context.WithCancel(ctx)
	return l
}

// quietLanes is how many checks stand still at the same time: enough that the others are what a profile waits for, also with the server
// that has the most to wait for, one on io_uring.
const quietLanes = 3

// run returns when all lanes are through, or have been called off.
func (l *lanes) run(newRunner func() *spec.Runner) {
	defer l.giveUp()
	var running sync.WaitGroup
	lane := func(next <-chan int) {
		running.Go(func() {
			runner := newRunner()
			defer runner.Close()
			l.runLane(runner, next)
		})
	}
	loud, quiet := l.divide(newRunner().Target)
	lane(queue(loud))
	waiting := queue(quiet)
	for range quietLanes {
		lane(waiting)
	}
	running.Wait()
	for i := range l.checks { // behind one that has not run others may wait to be told
		l.turns.leave(i)
	}
}

// queue holds checks, by index, for whichever lane comes for the next one.
func queue(checks []int) <-chan int {
	waiting := make(chan int, len(checks))
	for _, i := range checks {
		waiting <- i
	}
	close(waiting)
	return waiting
}

// divide tells the quiet checks from the others, by index. A server that runs already cannot be doubled, and a stranger's program may
// have only one address, so these are asked one thing at a time.
func (l *lanes) divide(t *spec.Target) (loud, quiet []int) {
	for i, check := range l.checks {
		if check.Quiet && t.Features[contract] {
			quiet = append(quiet, i)
		} else {
			loud = append(loud, i)
		}
	}
	return loud, quiet
}

func (l *lanes) runLane(runner *spec.Runner, next <-chan int) {
	for i := range next {
		if l.ctx.Err() != nil {
			return
		}
		tell := turn{l.turns, i}
		tell.running(l.checks[i])
		result := runner.Run(l.ctx, l.checks[i])
		tell.finished(result)
		l.turns.leave(i)
		l.note(i, result, runner)
	}
}

func (l *lanes) note(i int, result spec.Result, runner *spec.Runner) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.results[i] = result
	if l.unstartable == nil {
		l.unstartable = runner.Unstartable()
	}
	l.served = l.served || runner.Served()
	if l.enough(result) {
		l.giveUp()
	}
}

// cutShort reports whether a check has not run, or not to its end.
func (l *lanes) cutShort() bool {
	return slices.ContainsFunc(l.results, func(result spec.Result) bool { return result.Verdict == "" || result.Verdict == spec.Skip })
}

// finished are the results of the checks that have run, in their order.
func (l *lanes) finished() []spec.Result {
	return slices.DeleteFunc(l.results, func(result spec.Result) bool { return result.Verdict == "" })
}
