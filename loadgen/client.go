package main

import (
	"fmt"
	"io"
	"math"

	"reactorbench/results"
)

// clientOverBare heads the ratio that every report shows: a generator that costs more than the least server measures itself wherever they
// share a core.
const clientOverBare = "client ÷ " + results.Reference

// clientMeans explains it, once a report.
const clientMeans = "CPU per request of the generator's whole process, engine threads and all else, ÷ that of " + results.Reference

// againstBare is that ratio with its interval and the number of units behind it, or why it is not known. The cells are those of one workload.
func againstBare(cells []results.Record, unit string) string {
	e := results.ClientRatio(cells)
	switch {
	case e.Trusted():
		return fmt.Sprintf("%.2f ±%.2f (%s)", e.Median, e.PlusMinus(), countOf(e.N, unit))
	case e.Known():
		return fmt.Sprintf("%.2f (%s)", e.Median, countOf(e.N, unit))
	case len(cells) > 0 && cells[0].Engine == spinning:
		return "not told, the spin engine takes its cores whole"
	case len(chosen(cells, ofBare)) == 0:
		return "not known, no cell of " + results.Reference
	}
	return "not known, no cell of " + results.Reference + " has both CPU times"
}

// explainClient stands below a table with a column or row of the ratio.
func explainClient(w io.Writer, records []results.Record, further string) {
	if len(chosen(records, ofBare)) == 0 {
		fmt.Fprintf(w, "  %s: %s\n", clientOverBare, againstBare(nil, ""))
		return
	}
	fmt.Fprintf(w, "  %s: %s%s\n", clientOverBare, clientMeans, further)
}

func ofBare(r results.Record) bool { return r.Impl == results.Reference }

func chosen(records []results.Record, choose func(results.Record) bool) (cells []results.Record) {
	for _, r := range records {
		if choose(r) {
			cells = append(cells, r)
		}
	}
	return cells
}

// cellsOf are the cells of a comparison under one workload.
func cellsOf(records []results.Record, workload string) []results.Record {
	return chosen(records, func(r results.Record) bool { return r.Purpose == "" && r.Workload == workload })
}

// printClient tells the ratio below the table of a workload, and what part of the cost the engine threads are: the rest is nobody's work but
// the generator's either.
func printClient(w io.Writer, records []results.Record, rows []results.Summary, workload string) {
	text := againstBare(cellsOf(records, workload), "block")
	for _, s := range rows {
		if process, engine := s.ClientCPUPerRequestNs, s.EngineCPUPerRequestNs; s.Impl == results.Reference && process.Known() && engine.Known() {
			text += fmt.Sprintf("; %.1f %% of it are the engine threads", 100*engine.Median/process.Median)
		}
	}
	fmt.Fprintf(w, "  %s: %s\n", clientOverBare, text)
}

// printClients is the ratio of all workloads of a run together.
func printClients(w io.Writer, records []results.Record, workloads []Workload) {
	var table [][]string
	for _, load := range workloads {
		if load.Loop != "idle" {
			table = append(table, []string{"  " + load.Name, againstBare(cellsOf(records, load.Name), "block")})
		}
	}
	if len(table) > 0 {
		fmt.Fprintf(w, "\n%s: %s\n", clientOverBare, clientMeans)
		printColumns(w, table)
	}
}

// nearestRate are the cells whose rate is the nearest to one.
func nearestRate(cells []results.Record, perSecond float64) (nearest []results.Record) {
	closest := math.Inf(1)
	for _, r := range cells {
		switch off := math.Abs(r.AskedPerSecond - perSecond); {
		case off < closest:
			closest, nearest = off, []results.Record{r}
		case off == closest:
			nearest = append(nearest, r)
		}
	}
	return nearest
}
