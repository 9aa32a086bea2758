package main

import (
	"fmt"
	"strings"

	"reactorbench/conformance/spec"
)

// A tally counts verdicts.
type tally map[spec.Verdict]int

func (t tally) add(other tally) {
	for verdict, n := range other {
		t[verdict] += n
	}
}

func (t tally) sum(verdicts ...spec.Verdict) (n int) {
	for _, v := range verdicts {
		n += t[v]
	}
	return n
}

// failed counts what makes a run fail.
func (t tally) failed(strict bool) int {
	n := t.sum(spec.Fail, spec.Crash, spec.Hang, spec.XPass)
	if strict {
		n += t.sum(spec.Weak, spec.Flaky)
	}
	return n
}

// String is the summary that ends every run: N passed, N failed, N skipped, and what is neither.
func (t tally) text(strict bool) string {
	parts := []string{
		fmt.Sprintf("%d passed", t.sum(spec.Pass, spec.Info)),
		fmt.Sprintf("%d failed", t.failed(strict)),
		fmt.Sprintf("%d skipped", t.sum(spec.Skip, spec.NotApplicable, spec.Precondition)),
	}
	if n := t[spec.XFail]; n == 1 {
		parts = append(parts, "1 known failure")
	} else if n > 1 {
		parts = append(parts, fmt.Sprintf("%d known failures", n))
	}
	if !strict {
		parts = appendIf(parts, t[spec.Weak], "weak")
		parts = appendIf(parts, t[spec.Flaky], "flaky")
	}
	return strings.Join(appendIf(parts, t[spec.Error], "without a verdict"), ", ")
}

func appendIf(parts []string, n int, what string) []string {
	if n == 0 {
		return parts
	}
	return append(parts, fmt.Sprintf("%d %s", n, what))
}
