package main

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"

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
	r.HDR, r.Warnings, r.BytesPerIdleConn, r.StealNs = "x", []string{"x"}, new(7.0), new(int64(7))
	text, err := json.Marshal(withoutFigures(r))
	if err != nil {
		t.Fatal(err)
	}
	var kept map[string]any
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	want := []string{"block", "client_limited", "commit", "conns", "depth", "design", "dirty", "env_id", "impl", "language", "loop", "message_bytes", "run_id", "schema", "seed", "ts", "workload"}
	if got := slices.Sorted(maps.Keys(kept)); !slices.Equal(got, want) {
		t.Errorf("kept  %q\nwant %q", got, want)
	}
}
