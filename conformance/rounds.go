package main

import (
	"fmt"
	"slices"
	"strings"

	"reactorbench/conformance/spec"
)

// unexpected are the verdicts that a right server, or one whose failures are known, never gets.
var unexpected = []spec.Verdict{spec.Fail, spec.Crash, spec.Hang, spec.Weak, spec.Flaky, spec.XPass, spec.Error}

// rounds says of a target that was run several times (-count) which checks had an unexpected verdict, and in how many rounds.
func (o outcome) rounds() []string {
	runs, surprises, order := map[string]int{}, map[string]tally{}, []string{}
	for _, result := range o.results {
		slug := result.Check.Slug
		runs[slug]++
		if !slices.Contains(unexpected, result.Verdict) {
			continue
		}
		if surprises[slug] == nil {
			surprises[slug], order = tally{}, append(order, slug)
		}
		surprises[slug][result.Verdict]++
	}
	if len(order) == 0 {
		return []string{"nothing unexpected in any round"}
	}
	var lines []string
	for _, slug := range order {
		lines = append(lines, fmt.Sprintf("%-32s %s in %d rounds", slug, surprises[slug].verdicts(), runs[slug]))
	}
	return lines
}

// verdicts lists unexpected ones, as in "1 hang, 2 flaky".
func (t tally) verdicts() string {
	var parts []string
	for _, verdict := range unexpected {
		parts = appendIf(parts, t[verdict], string(verdict))
	}
	return strings.Join(parts, ", ")
}
