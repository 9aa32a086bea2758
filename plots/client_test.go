package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"reactorbench/results"
)

// clientTable is the text of the table about the generator, a row a line.
func clientTable(t *testing.T, page string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, `<table class="client">`)
	if !found {
		t.Fatal("the page has no table of what the generator costs")
	}
	table, _, _ := strings.Cut(rest, "</table>")
	return regexp.MustCompile(`<[^>]*>`).ReplaceAllString(table, " ")
}

// The page tells what the generator costs as a multiple of bare, for each workload with requests and with what it rests on.
func TestReportTellsWhatTheGeneratorCosts(t *testing.T) {
	table := clientTable(t, pageOf(t, quick().write(t)))
	t.Log(table)
	for _, load := range quickLoads {
		row := regexp.MustCompile(`(?m)^\s*` + load.Workload + `\s+0\.[0-9]+×\s+0\.[0-9]+–0\.[0-9]+×\s.*\s10\s*$`)
		if row.MatchString(table) == (load.Loop == "idle") {
			t.Errorf("%s: no row like %v, or one of an idle workload", load.Workload, row)
		}
	}
}

// Where there is nothing to divide by, or only an engine's thread above it, the page says so and shows no figure.
func TestReportSaysWhyThereIsNoRatio(t *testing.T) {
	withoutBare := small(quickServers[1], quickServers[2])
	if quickServers[0].name != reference {
		t.Fatal("the first of the servers is not " + reference)
	}
	if table := clientTable(t, pageOf(t, withoutBare.write(t))); !strings.Contains(table, "–  no cell of bare in this run") || strings.Contains(table, "×") {
		t.Errorf("%s", table)
	}
	table := clientTable(t, pageOf(t, changed(t, small().records(), func(r *results.Record) { r.ClientProcessCPUPerRequestNs = 0 })))
	if !strings.Contains(table, "–  the records do not hold the CPU time of the whole process") || strings.Contains(table, "×") {
		t.Errorf("%s", table)
	}
}

// A run of pairs has no cells of a comparison, and its ratio all the same.
func TestReportOfPairsTellsTheRatio(t *testing.T) {
	dir := changed(t, small().records(), func(r *results.Record) {
		r.Purpose, r.Role, r.Pair = "pair", "base", "gnet"
	})
	if table := clientTable(t, pageOf(t, dir)); !strings.Contains(table, "closed-64, in pairs  0.90×  0.89–0.91×") {
		t.Errorf("%s", table)
	}
}

// Two engines of the generator would be one dot on every chart.
func TestEnginesInOneFolderAreRefused(t *testing.T) {
	dir := changed(t, small().records(), func(r *results.Record) {
		r.Engine = []string{"epoll", "io_uring"}[r.Block%2]
	})
	run, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newStudy(run); err == nil || !strings.Contains(err.Error(), "epoll and io_uring") {
		t.Errorf("%v", err)
	}
}

// changed writes records with a change made to each.
func changed(t *testing.T, records []results.Record, change func(*results.Record)) (dir string) {
	t.Helper()
	dir = t.TempDir()
	f, err := os.Create(filepath.Join(dir, "records.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines, i := json.NewEncoder(f), 0; i < len(records); i++ {
		change(&records[i])
		if err := lines.Encode(records[i]); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
