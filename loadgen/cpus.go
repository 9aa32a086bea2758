package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// halves gives the first half of the cores to the server and the rest to the engines. A single core is shared, and the records
// say so.
func halves(cpus []int) (server, engines []int) {
	if len(cpus) < 2 {
		return cpus, cpus
	}
	return cpus[:len(cpus)/2], cpus[len(cpus)/2:]
}

// parseCPUs reads the -cpus flag: SERVER/ENGINES, each a list like 0-3,8.
func parseCPUs(text string, allowed []int) (server, engines []int, err error) {
	left, right, ok := strings.Cut(text, "/")
	if !ok {
		return nil, nil, fmt.Errorf("-cpus %q: want SERVER/ENGINES, such as 0/1 or 0-3/4-7", text)
	}
	for _, side := range []struct {
		text string
		into *[]int
	}{{left, &server}, {right, &engines}} {
		if *side.into, err = parseList(side.text); err != nil {
			return nil, nil, fmt.Errorf("-cpus %q: %w", text, err)
		}
		for _, cpu := range *side.into {
			if !slices.Contains(allowed, cpu) {
				return nil, nil, fmt.Errorf("-cpus %q: core %d is not one of those that this process may use, %v", text, cpu, allowed)
			}
		}
	}
	return server, engines, nil
}

func parseList(text string) (cpus []int, err error) {
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		if err1 != nil || err2 != nil || from < 0 || to < from || to > 4095 {
			return nil, fmt.Errorf("%q is not a list of cores such as 0-3,8", text)
		}
		for cpu := from; cpu <= to; cpu++ {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}
