package main

import (
	"bytes"
	"strings"
	"testing"

	"reactorbench/results"
)

// cells invents six blocks of one implementation.
func cells(impl string, cpu float64, change func(*results.Record)) (records []results.Record) {
	for block := range 6 {
		noise := 1 + 0.01*float64(block)
		r := results.Record{
			Schema: results.SchemaNumber, RunID: "r", Impl: impl, Workload: "closed-64", Loop: "closed", Block: block,
			Requests: 60_000, RequestsPerSecond: 170_000 / noise, ServerCPUPerRequestNs: cpu * noise, ClientProcessCPUPerRequestNs: 3000, ClientCPUPerRequestNs: 2700,
			LatencyP50Ns: 210_000, LatencyP99Ns: 420_000, LatencyCount: 60_000,
		}
		if change != nil {
			change(&r)
		}
		records = append(records, r)
	}
	return records
}

func TestTableTellsFiguresAndDoubts(t *testing.T) {
	var records []results.Record
	records = append(records, cells("gnet", 4440, nil)...)
	records = append(records, cells("bare", 3380, nil)...)
	records = append(records, cells("same", 3380, func(r *results.Record) { r.ServerCPUPerRequestNs += 20 * float64(r.Block%2*2-1) })...)
	records = append(records, cells("netpoll", 4300, func(r *results.Record) {
		r.ClientLimited, r.ClientLimitedWhy = true, "the generator waited 6 % of the time for a core"
	})...)
	records = append(records, cells("broken", 4300, func(r *results.Record) { *r = withoutFigures(*r); r.RunID, r.Error = "r", "the server died" })...)
	var out bytes.Buffer
	printTable(&out, records, []Workload{{Name: "closed-64", Loop: "closed", Conns: 64, Depth: 1, MessageBytes: 64}}, "6 blocks · seed 1")
	t.Logf("\n%s", &out)
	rows := make(map[string]string)
	var order []string
	for line := range strings.Lines(out.String()) {
		if name, _, ok := strings.Cut(line, " "); ok && name != "" {
			rows[name] = line
			order = append(order, name)
		}
	}
	for name, wants := range map[string][]string{
		"bare":    {"3.46 µs ±0.08", " 1.00 ", "16"},
		"gnet":    {"1.31 ±0.00", "210 µs ±0", "420 µs ±0"},
		"same":    {"no detectable difference (1.00 ±0.01)"},
		"netpoll": {"1.27 ±0.00", "speed not compared in 6 of 6: the generator waited 6 %"},
		"broken":  {"–", "✗ 6 of 6 cells failed: the server died"},
	} {
		for _, want := range wants {
			if !strings.Contains(rows[name], want) {
				t.Errorf("row %q lacks %q", rows[name], want)
			}
		}
	}
	if strings.Contains(rows["netpoll"], "210 µs") {
		t.Errorf("latency of client-limited cells is shown: %q", rows["netpoll"])
	}
	if want := "of 3 comparisons with bare, taken together (Holm, 5 %), these differ in CPU: none"; !strings.Contains(out.String(), want) { // six blocks: 3 × 0.031
		t.Errorf("the table lacks %q", want)
	}
	if order[1] != "bare" {
		t.Errorf("the first row is %s, want the limit line", order[1])
	}
	if !strings.Contains(out.String(), "\n6 blocks · seed 1\n") {
		t.Error("no footer")
	}
}

func TestFamilyNamesWhatDiffers(t *testing.T) {
	ratio := results.EstimateMedian([]float64{1.1, 1.2, 1.1, 1.2, 1.1, 1.2, 1.1})
	var out bytes.Buffer
	printFamily(&out, []results.Summary{
		{Impl: "bare", CPURatio: ratio, CPURatioP: 1}, {Impl: "gnet", CPURatio: ratio, CPURatioP: 0.03}, {Impl: "netpoll", CPURatio: ratio, CPURatioP: 0.06},
	})
	if text := out.String(); !strings.HasSuffix(text, "of 2 comparisons with bare, taken together (Holm, 5 %), these differ in CPU: gnet\n") {
		t.Errorf("%q", text)
	}
}

func TestFewBlocksHaveNoInterval(t *testing.T) {
	records := append(cells("bare", 3380, nil)[:3], cells("gnet", 4440, nil)[:3]...)
	var out bytes.Buffer
	printTable(&out, records, []Workload{{Name: "closed-64", Loop: "closed", Conns: 64, Depth: 1, MessageBytes: 64}}, "")
	if text := out.String(); strings.Contains(text, "±") || !strings.Contains(text, "1.31 (3 blocks)") {
		t.Errorf("\n%s", text)
	}
}

// openCells are six blocks of an open loop in which requests waited for the server before they could be sent.
func openCells(impl string, change func(*results.Record)) []results.Record {
	return cells(impl, 3380, func(r *results.Record) {
		r.Workload, r.Loop = "open-20k", "open"
		r.LatencyP50Ns, r.LatencyP99Ns, r.ServiceP50Ns, r.ServiceP99Ns, r.SendLagP99Ns, r.LateP99Ns = 50_000, 90_000_000, 40_000, 60_000, 89_000_000, 5_000
		if change != nil {
			change(r)
		}
	})
}

func TestTableOfAnOpenLoopExplainsTheDifference(t *testing.T) {
	records := append(openCells("bare", func(r *results.Record) { r.LatencyP99Ns, r.SendLagP99Ns = 62_000, 5_000 }), openCells("gnet", nil)...)
	records = append(records, openCells("short", func(r *results.Record) {
		r.ShortOf = "asked 20000 requests/s, did 7000, because the server used all of its core"
	})...)
	records = append(records, openCells("jittery", func(r *results.Record) { // a punctual generator might have seen half of p99
		r.LatencyP50LeastNs, r.LatencyP50MostNs = 48_000, 51_000
		r.LatencyP99LeastNs, r.LatencyP99MostNs = 45_000_000, 90_000_000
	})...)
	var out bytes.Buffer
	printTable(&out, records, []Workload{{Name: "open-20k", Loop: "open", Conns: 64, Rate: 20_000, MessageBytes: 64}}, "")
	text := out.String()
	t.Logf("\n%s", text)
	for _, want := range []string{
		"response p50", "service p50", "A user feels the response", "  client ÷ bare: 0.87 ±0.02 (6 blocks); 90.0 % of it are the engine threads\n",
		"  gnet: p99 is 90ms as response and 60µs as service, since requests waited up to 89ms (p99) to be sent; 5µs of that was the generator's own lateness",
		"rate not reached in 6 of 6: asked 20000 requests/s, did 7000, because the server used all of its core",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q", want)
		}
	}
	for _, line := range strings.Split(text, "\n") {
		if figures := strings.Fields(line); len(figures) > 0 && figures[0] == "jittery" &&
			(!strings.Contains(line, "p99 not compared in 6 of 6: the generator was late too unevenly") || !strings.Contains(line, "50.00 µs ±0.00  –  ") || strings.Contains(line, "p50 not compared")) {
			t.Errorf("p50 is to be compared and p99 is not: %s", line)
		}
	}
	if strings.Contains(text, "  bare: p99") {
		t.Error("a difference of nothing is explained")
	}
}

// The share of the latency that is the generator's own is told where it was measured, and only there.
func TestTableTellsWhatLayUnread(t *testing.T) {
	for share, want := range map[float64]string{0.41: "by the kernel's time stamps: bare 41 %\n", 0: ""} {
		records := cells("bare", 3380, func(r *results.Record) { r.ReceiveLagShare = share })
		var out bytes.Buffer
		printUnread(&out, records, results.Summarise(records))
		if !strings.HasSuffix(out.String(), want) || (out.Len() > 0) != (want != "") {
			t.Errorf("%g: %q", share, &out)
		}
	}
}
