package main

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"reactorbench/results"
)

// Whatever a cell had measured before it failed, its record keeps only what names it.
func TestFailedCellsHaveNoFigures(t *testing.T) {
	var r results.Record
	fields := reflect.ValueOf(&r).Elem()
	for i := range fields.NumField() {
		if f := fields.Field(i); f.CanInt() {
			f.SetInt(7)
		} else if f.CanFloat() {
			f.SetFloat(7)
		}
	}
	r.Role, r.Pair, r.Storm, r.Engine = "head", "x", true, "x"
	r.HDR, r.Warnings, r.BytesPerIdleConn, r.StealNs = "x", []string{"x"}, new(7.0), new(int64(7))
	text, err := json.Marshal(withoutFigures(r))
	if err != nil {
		t.Fatal(err)
	}
	var kept map[string]any
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	want := []string{"asked_per_s", "block", "client_limited", "commit", "conns", "depth", "design", "dirty", "engine", "env_id", "impl", "language", "loop", "message_bytes", "pair", "requests_per_conn", "role", "round", "run_id", "schema", "seed", "source_addresses", "stalled_conns", "storm", "ts", "workload"}
	if got := slices.Sorted(maps.Keys(kept)); !slices.Equal(got, want) {
		t.Errorf("kept  %q\nwant %q", got, want)
	}
}

// testBench measures without pinning.
func testBench(w window) *bench {
	return &bench{engine: engines()[defaultEngine], engineName: defaultEngine, loops: 1, window: w, patience: 20 * time.Second}
}

// A CPU time per request whose window held few requests is mostly its edges, and is left out; the raw numbers stay.
func TestFewRequestsGiveNoCPUPerRequest(t *testing.T) {
	const conns = 4
	w := window{WarmUp: 60 * time.Millisecond, Measure: 300 * time.Millisecond}
	for _, handle := range []handler{echo(unchanged), delayed(40 * time.Millisecond)} { // the second answers 60 at most, 80 are wanted
		own := runningServer(serve(t, handle), os.Getpid())
		r, err := testBench(w).run(t.Context(), cell{target: own, workload: Workload{Name: "w", Loop: "closed", Conns: conns, Depth: 1, MessageBytes: 64}, seed: 1})
		if err != nil || r.Failed() {
			t.Fatal(err, r.Error)
		}
		told := strings.Contains(strings.Join(r.Warnings, "; "), "is left out")
		if r.ServerCPUNs <= 0 || (r.ServerCPUPerRequestNs > 0) == told || (r.ClientCPUPerRequestNs > 0) == told {
			t.Errorf("%d requests: CPU %d, per request %v, warnings %q", r.Requests, r.ServerCPUNs, r.ServerCPUPerRequestNs, r.Warnings)
		}
		if r.Requests < enoughRequests(conns) && !told {
			t.Errorf("%d requests are believed", r.Requests)
		}
	}
}

// A window with too few requests stays open for more of them, but not for ever.
func TestWindowStaysOpenForEnoughRequests(t *testing.T) {
	e := newPortableEngine(plan("", 1, 1, 64)).(*portableEngine) // never connected: it only counts
	var waits []time.Duration
	wait := func(d time.Duration) error {
		waits = append(waits, d)
		e.published.Add(10)
		return nil
	}
	w := window{Measure: time.Minute, Requests: 30} // the minute passes at once, so the bound is out of sight
	if err := keepOpen([]engine{e}, w, wait); err != nil || !slices.Equal(waits, []time.Duration{time.Minute, rateEvery, rateEvery}) {
		t.Errorf("waited %v for 30 requests that come ten at a time: %v", waits, err)
	}
	w = window{Measure: 5 * time.Millisecond, Requests: 1 << 60}
	if err := keepOpen([]engine{e}, w, wait); err != nil { // returning at all is what is asked for
		t.Error(err)
	}
}

func TestNoReplyWithinTheWindowIsAnError(t *testing.T) {
	own := runningServer(serve(t, delayed(3*time.Second)), 0)
	r, err := testBench(brief).run(t.Context(), cell{target: own, workload: Workload{Name: "w", Loop: "closed", Conns: 1, Depth: 1, MessageBytes: 64}, seed: 1})
	if err != nil || !strings.Contains(r.Error, "no request was answered within the window") {
		t.Errorf("%v, error %q", err, r.Error)
	}
}
