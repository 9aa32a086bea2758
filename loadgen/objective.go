package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"reactorbench/results"
)

// An Objective is a promise on the response time: so many percent of the requests within so long.
type Objective struct {
	Percent float64
	Within  time.Duration
}

// parseObjective reads the -slo flag, such as p99<1ms or p99.9<250us.
func parseObjective(text string) (Objective, error) {
	left, right, ok := strings.Cut(strings.ReplaceAll(text, " ", ""), "<")
	percent, err := strconv.ParseFloat(strings.TrimPrefix(left, "p"), 64)
	within, err2 := time.ParseDuration(strings.TrimPrefix(right, "="))
	switch {
	case !ok || !strings.HasPrefix(left, "p") || err != nil || err2 != nil:
		return Objective{}, fmt.Errorf("-slo %q: want a percentile and a time, such as 'p99<1ms'", text)
	case percent <= 0 || percent >= 100:
		return Objective{}, fmt.Errorf("-slo %q: the percentile must be above 0 and below 100", text)
	case within <= 0 || within > time.Minute:
		return Objective{}, fmt.Errorf("-slo %q: the time must be above 0 and at most 1m", text)
	}
	return Objective{percent, within}, nil
}

func (o Objective) String() string { return fmt.Sprintf("p%g<%v", o.Percent, o.Within) }

// leastRequests is how many requests a window needs for the percentile to have ten values beyond it.
func (o Objective) leastRequests() float64 { return math.Ceil(10 / (1 - o.Percent/100)) }

// judge is the verdict on one cell. A failed promise of a run whose client was the limit is not the server's, and neither is one that an
// evenly late generator might have seen kept; a kept one is kept.
func (o Objective) judge(r results.Record) (verdict, string, error) {
	if r.Failed() {
		return breaks, r.Error, nil
	}
	h, err := results.DecodeHistogram(r.HDR)
	if err != nil {
		return cannotTell, "", err
	}
	took := time.Duration(h.Percentile(o.Percent))
	switch {
	case r.ShortOf == "" && r.Unanswered == 0 && h.Shows(o.Percent) && took <= o.Within:
		return holds, "", nil
	case r.ClientLimited:
		return cannotTell, r.ClientLimitedWhy, nil
	case !h.Shows(o.Percent):
		return cannotTell, fmt.Sprintf("%d requests are too few for p%g", h.Count(), o.Percent), nil
	case r.ShortOf != "":
		return breaks, r.ShortOf, nil
	}
	if least, ok := r.Least(o.Percent); ok && time.Duration(least) <= o.Within {
		return cannotTell, fmt.Sprintf("p%g was %v, and %v without what the generator may have added", o.Percent, rounded(int64(took)), rounded(least)), nil
	}
	return breaks, fmt.Sprintf("p%g was %v", o.Percent, rounded(int64(took))), nil
}
