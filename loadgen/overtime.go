package main

import (
	"time"

	"reactorbench/results"
)

// overTime keeps the latencies of each stretch of the window apart. The stretches are made before the load begins, for making one takes
// longer than a request. A closed loop that goes on past its window, for want of requests, is kept up to where it should have ended.
type overTime struct {
	every int64 // ns; 0: nothing is kept
	parts []*results.Histogram
}

// mostStretches bounds the memory of an engine to 50 MiB.
const mostStretches = 240

func newOverTime(every, window time.Duration) (o overTime) {
	if every == 0 {
		return o
	}
	o.every = int64(every)
	for range (window + every - 1) / every {
		o.parts = append(o.parts, results.NewHistogram())
	}
	return o
}

// record counts n latencies that belong to the moment since the window began.
func (o *overTime) record(since, ns, n int64) {
	if o.every == 0 || since < 0 || since/o.every >= int64(len(o.parts)) {
		return
	}
	o.parts[since/o.every].RecordTimes(ns, n)
}

// mergeOverTime adds one engine's stretches to those of all.
func mergeOverTime(into, from []*results.Histogram) ([]*results.Histogram, error) {
	if into == nil {
		return from, nil
	}
	for i, h := range from {
		if err := into[i].Merge(h); err != nil {
			return nil, err
		}
	}
	return into, nil
}
