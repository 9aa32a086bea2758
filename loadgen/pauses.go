package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"reactorbench/results"
)

// traceCollections makes the runtime of a Go program tell of each garbage collection on stderr. It costs the program a line for each, so
// it is a run of its own: no server is timed in another environment than the others.
const traceCollections = "GODEBUG=gctrace=1"

// A pauseLog is the stderr of a traced server. It keeps sums and no text.
type pauseLog struct {
	mu     sync.Mutex
	line   []byte // that has no end yet
	pauses pauses
}

// pauses are the moments in which a collector stopped all of a server's goroutines: two a collection.
type pauses struct {
	collections  int64
	sum, longest time.Duration
}

func (l *pauseLog) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = append(l.line, text...)
	for {
		line, rest, ended := bytes.Cut(l.line, []byte("\n"))
		if !ended {
			return len(text), nil
		}
		l.pauses.read(string(line))
		l.line = append(l.line[:0], rest...)
	}
}

func (l *pauseLog) soFar() pauses {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pauses
}

// read takes a line as package runtime documents it: the first and the third of the times by the clock are those with the world stopped.
//
//	gc 7 @1.204s 0%: 0.018+0.23+0.003 ms clock, 0.018+0/0.1/0+0.003 ms cpu, 4->4->0 MB, 4 MB goal, ...
//
// What is no such line is the server's own and left alone.
func (p *pauses) read(line string) {
	if !strings.HasPrefix(line, "gc ") {
		return
	}
	_, times, _ := strings.Cut(line, ": ")
	times, _, ok := strings.Cut(times, " ms clock")
	phases := strings.Split(times, "+")
	if !ok || len(phases) != 3 {
		return
	}
	first, err := strconv.ParseFloat(phases[0], 64)
	if err != nil {
		return
	}
	last, err := strconv.ParseFloat(phases[2], 64)
	if err != nil {
		return
	}
	p.collections++
	for _, ms := range []float64{first, last} {
		pause := time.Duration(ms * float64(time.Millisecond))
		p.sum += pause
		p.longest = max(p.longest, pause)
	}
}

// pauseAll tells of each server that is a Go program how often it collected garbage under each workload, and how long it stood still.
func (r *runner) pauseAll(ctx context.Context, b *bench, targets []target, writer *results.Writer) error {
	if err := quieten(b); err != nil {
		return err
	}
	for _, load := range r.workloads {
		table := [][]string{{"", "collections", "per million requests", "stood still for", "longest pause", ""}}
		for _, t := range targets {
			if t.impl.Language != "Go" {
				table = append(table, []string{t.impl.Name, "–", "", "", "", t.impl.Language + " tells of no collections"})
				continue
			}
			record, err := r.paused(ctx, b, cell{target: t, workload: load, seed: r.seed}, writer)
			if err != nil {
				return err
			}
			if record.Failed() {
				r.failed++
				table = append(table, []string{t.impl.Name, "–", "", "", "", "✗ " + record.Error})
				continue
			}
			table = append(table, pauseRow(record))
		}
		fmt.Fprintf(r.stdout, "\n%s: %s\n", load.Name, load.shape())
		printColumns(r.stdout, table)
	}
	fmt.Fprintf(r.stdout, "  as each server's runtime tells it ("+traceCollections+"), in a run of its own, from its start to its end\n\n%s\n", r.footerOf(r.oneEach()))
	return nil
}

func pauseRow(r results.Record) []string {
	return []string{
		r.Impl, strconv.FormatInt(*r.Collections, 10), fmt.Sprintf("%.2f", 1e6*float64(*r.Collections)/float64(r.Requests)),
		rounded(r.PauseSumNs).String(), rounded(r.PauseMaxNs).String(), "",
	}
}

// paused is one cell of a server that tells of its collections. Every request is counted, warm-up and drain too, as every collection is.
func (r *runner) paused(ctx context.Context, b *bench, c cell, writer *results.Writer) (results.Record, error) {
	own, log := *b, new(pauseLog)
	own.serverEnv, own.serverStderr = []string{traceCollections}, log
	var answered int64
	own.around = func(_ subject, engines []engine, conducted func() error) error {
		err := conducted()
		for _, e := range engines {
			answered += e.answered()
		}
		return err
	}
	record, err := own.run(ctx, c)
	if err != nil {
		return record, err
	}
	record = withoutTimes(record)
	if !record.Failed() {
		found := log.soFar()
		record.Requests, record.Collections = answered, new(found.collections)
		record.PauseSumNs, record.PauseMaxNs = int64(found.sum), int64(found.longest)
	}
	err = r.keepFor(&record, "pauses", writer)
	return record, err
}
