package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"reactorbench/impls"
)

// A sequence is one call of both programs. Libevent's build of select ends at descriptor 1024; beyond it there is nothing to compare with.
type sequence struct {
	method    string
	arguments []string
	alone     bool // the reactor runs it, libevent cannot
}

func (s sequence) String() string { return s.method + " " + strings.Join(s.arguments, " ") }

// brief reports whether a short run has it: the ends of the scale, and timers.
func (s sequence) brief() bool {
	switch s.arguments[0] {
	case "dispatch":
		return s.method == "epoll" && s.arguments[1] != "1000" && s.arguments[2] == "100"
	case "cascade":
		return s.arguments[1] == "1000"
	}
	return true
}

// sequences are libevent's own workload (its test/bench.c) at several sizes, and timers.
//
// As there, a single byte goes at least once round all pairs: where it stays near the front of the list, a wait by poll that has to block is
// cheaper than one that has not, and the place of the byte is measured. With 9000 pairs poll and select would take a minute for it a round, so
// there it stays in the first ninetieth.
func sequences() (all []sequence) {
	for _, method := range []string{"epoll", "poll", "select"} {
		for _, n := range []int{100, 1000, 9000} {
			for _, active := range []int{1, 100} {
				hops := 10_000
				switch slow := method != "epoll" && active == 1; { // a wait costs by all descriptors there
				case slow && n == 1000:
					hops = 1000
				case slow && n == 9000:
					hops = 100
				}
				all = append(all, sequence{method, []string{"dispatch", strconv.Itoa(n), strconv.Itoa(active), strconv.Itoa(hops)}, method == "select" && n > 500})
			}
		}
	}
	for _, arguments := range [][]string{{"cascade", "1000"}, {"cascade", "9000"}, {"timers", "1000000"}, {"idle", "9000"}} {
		all = append(all, sequence{"epoll", arguments, false})
	}
	return all
}

// Each program has a way of its own to be told the backend.
var methodEnv = map[string]map[string][]string{
	"libevent": {"epoll": nil, "poll": {"EVENT_NOEPOLL=1"}, "select": {"EVENT_NOEPOLL=1", "EVENT_NOPOLL=1"}},
	"reactor":  {"epoll": {"REACTOR_METHOD=epoll"}, "poll": {"REACTOR_METHOD=poll"}, "select": {"REACTOR_METHOD=select"}},
}

func (l *limits) process(ctx context.Context, program string, s sequence, block int) ([]loopFigure, error) {
	cmd := exec.CommandContext(ctx, l.programs[program], s.arguments...)
	cmd.Env = append(append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(impls.Procs(1))), methodEnv[program][s.method]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.Join(ctx.Err(), fmt.Errorf("%s, %s: %w: %s", program, s, err, lastLines(stderr.Bytes(), 3)))
	}
	steps, err := medians(out)
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", program, s, err)
	}
	var figures []loopFigure
	for _, step := range steps {
		figures = append(figures, loopFigure{program, s.method, strings.Join(s.arguments, " "), step.name, block, step.nsPerOp})
	}
	return figures, nil
}

type stepFigure struct {
	name    string
	nsPerOp float64
}

// medians reads lines of STEP NANOSECONDS OPERATIONS. The first round of a step is left out: it fills caches and makes room.
func medians(output []byte) (steps []stepFigure, err error) {
	rounds := make(map[string][]float64)
	var order []string
	for lines := bufio.NewScanner(bytes.NewReader(output)); lines.Scan(); {
		var name string
		var ns, operations float64
		if _, err := fmt.Sscan(lines.Text(), &name, &ns, &operations); err != nil || operations < 1 {
			return nil, fmt.Errorf("it printed %q, not STEP NANOSECONDS OPERATIONS", lines.Text())
		}
		if rounds[name] == nil {
			order = append(order, name)
		}
		rounds[name] = append(rounds[name], ns/operations)
	}
	for _, name := range order {
		later := rounds[name][min(1, len(rounds[name])-1):]
		steps = append(steps, stepFigure{name, median(slices.Sorted(slices.Values(later)))})
	}
	if len(steps) == 0 {
		return nil, errors.New("it printed no figure")
	}
	return steps, nil
}
