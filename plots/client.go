package main

import (
	"slices"

	"gonum.org/v1/gonum/stat"

	"reactorbench/results"
)

// A clientRow is what the load generator itself costs under one workload.
type clientRow struct {
	Workload string
	Cells    []value
}

// clientHead are the columns. The first is the one that matters: a generator that costs more than the least server measures itself
// wherever the two share a core.
var clientHead = []heading{
	{"client ÷ " + reference, "CPU time per request of the load generator's whole process, divided by that of " + reference + " in the same cell; median and interval over blocks"},
	{"client CPU per request", "of the whole process: engine threads, runtime and all else"},
	{"engine threads alone", "a part of it, of the threads that send and receive alone"},
	{reference + " CPU per request", "of the server that the generator drove in these cells"},
	{"blocks", "cells with both figures, or blocks of pairs"},
}

// client has a row for each workload with requests, and one for those that were run in pairs.
func (s study) client() (rows []clientRow) {
	for _, w := range s.Workloads {
		if !w.idle() {
			rows = append(rows, clientRow{w.Name, clientCells(w.Records)})
		}
	}
	pairs := make(map[string][]results.Record)
	var names []string
	for _, r := range s.Run.Records() {
		if r.Role == "" || r.Loop == "idle" {
			continue
		}
		if pairs[r.Workload] == nil {
			names = append(names, r.Workload)
		}
		pairs[r.Workload] = append(pairs[r.Workload], r)
	}
	for _, name := range names {
		rows = append(rows, clientRow{name + ", in pairs", clientCells(pairs[name])})
	}
	return rows
}

func clientCells(cells []results.Record) []value {
	cells = slices.DeleteFunc(slices.Clone(cells), func(r results.Record) bool { return r.Impl != reference || r.Failed() })
	e := results.ClientRatio(cells)
	return []value{
		clientRatio(e, len(cells)),
		overCells(cells, func(r results.Record) float64 { return r.ClientProcessCPUPerRequestNs }),
		overCells(cells, func(r results.Record) float64 { return r.ClientCPUPerRequestNs }),
		overCells(cells, func(r results.Record) float64 { return r.ServerCPUPerRequestNs }),
		{Text: count(int64(e.N))},
	}
}

// clientRatio is grey where it cannot be told from 1, and where it is not known it says why.
func clientRatio(e results.Estimate, cells int) value {
	switch {
	case cells == 0:
		return value{Text: "–", Aside: "no cell of " + reference + " in this run", Faint: true}
	case !e.Known():
		return value{Text: "–", Aside: "the records do not hold the CPU time of the whole process", Faint: true}
	}
	v := measured(e, multiple)
	if v.Faint = !e.Differs(); !e.Trusted() {
		v.Beside = "too few blocks to compare"
	}
	return v
}

// overCells is the median over blocks of a figure, of those cells that have it. A block of pairs has several slices and is their mean.
func overCells(cells []results.Record, of func(results.Record) float64) value {
	type block struct {
		run, pair string
		number    int
	}
	slices := make(map[block][]float64)
	for _, r := range cells {
		if v := of(r); v > 0 {
			at := block{r.RunID, r.Pair, r.Block}
			slices[at] = append(slices[at], v)
		}
	}
	var values []float64
	for _, of := range slices {
		values = append(values, stat.Mean(of, nil))
	}
	return measured(results.EstimateMedian(values), duration)
}
