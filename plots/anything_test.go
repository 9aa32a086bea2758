package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"reactorbench/results"
)

// TestAnythingIsDrawn: whatever stands in the files, there is a page and no panic. Figures that no server can have and names
// that nobody would choose are as likely here as the ordinary.
func TestAnythingIsDrawn(t *testing.T) {
	histogram := results.NewHistogram()
	histogram.RecordTimes(1, 5)
	histogram.RecordTimes(1e6, 5000)
	encoded, err := histogram.Encode()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) results.Record { return anyRecord(t, encoded) }), 0, 12).Draw(t, "records")
		writeAnything(t, dir, records, anyConformance(t))
		run, err := results.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		s, err := newStudy(run)
		if err != nil {
			t.Fatal(err)
		}
		page := anyPage(t, s)
		for _, problem := range pageProblems(page) {
			t.Fatal(problem)
		}
	})
}

// anyPage draws the charts as SVG only; a PNG is drawn by the same calls.
func anyPage(t *rapid.T, s study) string {
	var drawn []drawing
	for _, w := range s.Workloads {
		charts, missing := s.chartsOf(w)
		beside, err := s.chartsBeside(w.Name)
		if err != nil {
			t.Fatal(err)
		}
		charts = append(charts, beside...)
		d := drawing{missing: missing}
		for _, c := range charts {
			svg, spots, err := c.Page.svg()
			if err != nil {
				t.Fatal(err)
			}
			d.pictures = append(d.pictures, picture{chart: c, svg: svg, spots: spots})
		}
		drawn = append(drawn, d)
	}
	r, err := newReport(s, drawn)
	if err != nil {
		t.Fatal(err)
	}
	page, err := r.html()
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func anyRecord(t *rapid.T, histogram string) results.Record {
	figure := rapid.SampledFrom([]float64{0, -1, 1, 3380, 4e5, 1e-300, 1e18, math.MaxFloat64})
	r := results.Record{
		Schema: 1, Impl: anyName(t), Workload: rapid.SampledFrom([]string{"", "a", "../b", "<c>"}).Draw(t, "workload"),
		Loop: rapid.SampledFrom([]string{"closed", "idle", "", "open"}).Draw(t, "loop"), Block: rapid.IntRange(0, 6).Draw(t, "block"),
		Conns: rapid.IntRange(-1, 1e6).Draw(t, "conns"), ClientLimited: rapid.Bool().Draw(t, "limited"),
		RequestsPerSecond: figure.Draw(t, "rate"), ServerCPUPerRequestNs: figure.Draw(t, "cpu"), ServerPeakBytes: rapid.Int64().Draw(t, "peak"),
		LatencyP99Ns: rapid.Int64().Draw(t, "p99"), HDR: rapid.SampledFrom([]string{"", "x", histogram, histogram}).Draw(t, "hdr"),
		Purpose: rapid.SampledFrom([]string{"", "", "sweep", "syscalls", "?"}).Draw(t, "purpose"), AskedPerSecond: figure.Draw(t, "asked"),
		Requests: rapid.SampledFrom([]int64{0, -1, 1, math.MaxInt64}).Draw(t, "requests"), Syscalls: rapid.SampledFrom([]map[string]int64{nil, {}, {"read": 1, "<b>": -5}, {"write": math.MaxInt64, "x": 3}}).Draw(t, "calls"),
		ShortOf: rapid.SampledFrom([]string{"", "asked <much>"}).Draw(t, "short"),
		Error:   rapid.SampledFrom([]string{"", "", "", "it died & took 3 <b>"}).Draw(t, "error"),
	}
	if rapid.Bool().Draw(t, "idle figure") {
		bytes := figure.Draw(t, "bytes")
		r.BytesPerIdleConn = &bytes
	}
	return r
}

func anyName(t *rapid.T) string {
	return rapid.SampledFrom([]string{"bare", "gnet", "gnet/edge", " ", "/", "a/b/c", "\x00<i>", "a name that is so long that no axis has the room for it"}).Draw(t, "impl")
}

func anyConformance(t *rapid.T) results.Conformance {
	c := results.Conformance{Schema: results.ConformanceSchema}
	for range rapid.IntRange(0, 3).Draw(t, "impls") {
		c.Impls = append(c.Impls, results.ImplInfo{Name: anyName(t), Unavailable: rapid.SampledFrom([]string{"", "needs <cc>"}).Draw(t, "unavailable")})
	}
	for range rapid.IntRange(0, 6).Draw(t, "results") {
		c.Results = append(c.Results, results.CheckResult{
			Impl: anyName(t), Slug: rapid.SampledFrom([]string{"", "a", "a/b", "a/c", "/"}).Draw(t, "slug"),
			Level:   rapid.SampledFrom([]string{"MUST", "SHOULD", "", "?"}).Draw(t, "level"),
			Verdict: rapid.SampledFrom([]string{"pass", "fail", "xfail", "n/a", "", "?"}).Draw(t, "verdict"),
			Detail:  rapid.SampledFrom([]string{"", "\n", "    MUST  x\n    want y\n"}).Draw(t, "detail"),
		})
	}
	return c
}

func writeAnything(t *rapid.T, dir string, records []results.Record, conformance results.Conformance) {
	f, err := os.Create(filepath.Join(dir, "records.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := json.NewEncoder(f)
	for _, r := range records {
		if err := lines.Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := conformance.WriteFile(filepath.Join(dir, "conformance.json")); err != nil {
		t.Fatal(err)
	}
}
