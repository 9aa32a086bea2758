package main

import (
	"context"
	"slices"
	"sync"

	"reactorbench/conformance/spec"
)

// Lanes hold one target to its checks, two at a time. A check that mostly stands still (spec.Check.Quiet) costs time and no
// processor, so those run in the second lane, beside the others. Each lane has servers of its own, and within a lane one check
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

// run returns when both lanes are through, or have been called off.
func (l *lanes) run(newRunner func() *spec.Runner) {
	defer l.giveUp()
	var running sync.WaitGroup
	for _, lane := range l.divide(newRunner().Target) {
		running.Go(func() {
			runner := newRunner()
			defer runner.Close()
			l.runLane(runner, lane)
		})
	}
	running.Wait()
	for i := range l.checks { // behind one that has not run others may wait to be told
		l.turns.leave(i)
	}
}

// divide gives each lane its checks, by index. A server that runs already cannot be doubled, and a stranger's program may have only one
// address.
func (l *lanes) divide(t *spec.Target) [][]int {
	divided := make([][]int, 2)
	for i, check := range l.checks {
		lane := 0
		if check.Quiet && t.Features[contract] {
			lane = 1
		}
		divided[lane] = append(divided[lane], i)
	}
	return divided
}

func (l *lanes) runLane(runner *spec.Runner, lane []int) {
	for _, i := range lane {
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
