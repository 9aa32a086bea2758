package main

import (
	"fmt"
	"math"
	"slices"
)

// why is the verdict in a sentence, with the plan's own figures.
func (p Plan) why(o Outcome) string {
	switch o.Verdict {
	case Fail:
		return fmt.Sprintf("slower by more than %s, and again on %d fresh pairs", percent(p.Margin), len(o.Confirmed))
	case Pass:
		if o.Improved {
			return fmt.Sprintf("faster by more than %s", percent(p.Margin))
		}
		return fmt.Sprintf("not slower by %s", percent(p.Tolerated))
	case Inconclusive:
		if len(o.Confirmed) > 0 {
			return fmt.Sprintf("a suspicion that %d fresh pairs did not confirm", len(o.Confirmed))
		}
		return fmt.Sprintf("after %d pairs neither a slow-down above %s is proven nor one of %s refuted", len(o.Values), percent(p.Margin), percent(p.Tolerated))
	}
	return ""
}

func percent(part float64) string {
	if math.IsInf(part, 0) {
		return "any amount"
	}
	return fmt.Sprintf("%.3g %%", 100*part)
}

// severity orders verdicts: the report has the worst of its rows. INVALID RUN is about times, so it does not hide a count that failed.
var severity = []Verdict{Identical, Uncounted, Pass, Accepted, Inconclusive, Invalid, Fail}

func worst(r *Report) Verdict {
	verdict := Identical
	for _, row := range r.rows() {
		if slices.Index(severity, row.Verdict) > slices.Index(severity, verdict) {
			verdict = row.Verdict
		}
	}
	return verdict
}

// exitStatus lets INCONCLUSIVE through: it is no evidence against the change.
func (r *Report) exitStatus() int {
	switch r.Verdict {
	case Fail:
		return exitFailed
	case Invalid:
		return exitInvalid
	}
	return exitDone
}
