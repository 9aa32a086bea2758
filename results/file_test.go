package results

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// sample is a record with figures; tests change what they need.
func sample(impl, workload string, block int) Record {
	return Record{
		Schema: SchemaNumber, RunID: "r", Time: time.Unix(1_800_000_000, 0).UTC(), EnvID: "e", Commit: "1a2b3c4",
		Impl: impl, Design: "reactor", Language: "Go", Workload: workload, Loop: "closed",
		Conns: 64, Depth: 1, MessageBytes: 64, Block: block, Seed: 7,
		DurationNs: 350e6, Requests: 1000, Bytes: 64000, RequestsPerSecond: 1000 / 0.35,
		ServerCPUNs: 3_400_000, ServerCPUPerRequestNs: 3400, LatencyP50Ns: 200_000, LatencyP99Ns: 300_000, LatencyCount: 1000,
	}
}

func write(t *testing.T, dir string, records ...Record) {
	t.Helper()
	w, err := Append(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestRecordsComeBackAsWritten(t *testing.T) {
	dir := t.TempDir()
	want := []Record{sample("bare", "closed-64", 0), sample("libevent/epoll", "closed-64", 0)}
	zero := int64(0)
	want[1].StealNs = &zero // measured, and zero: not the same as absent
	write(t, dir, want[0])
	write(t, dir, want[1]) // a second start appends

	run, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(run.Records(), want) {
		t.Errorf("got  %+v\nwant %+v", run.Records(), want)
	}
	if len(run.Notes()) != 0 {
		t.Errorf("notes %q about a complete file", run.Notes())
	}
}

func TestHalfLineIsLeftOutAndTold(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, sample("bare", "closed-64", 0), sample("gnet", "closed-64", 0))
	path := filepath.Join(dir, recordsFile)
	data, _ := os.ReadFile(path)
	for cut := 1; cut < 200; cut++ { // wherever the line breaks off
		if err := os.WriteFile(path, data[:len(data)-1-cut], 0o644); err != nil {
			t.Fatal(err)
		}
		run, err := Open(dir)
		if err != nil {
			t.Fatalf("cut %d bytes: %v", cut, err)
		}
		if len(run.Records()) != 1 || len(run.Notes()) != 1 || !strings.Contains(run.Notes()[0], "records.jsonl:2") {
			t.Fatalf("cut %d bytes: %d records, notes %q", cut, len(run.Records()), run.Notes())
		}
	}
	write(t, dir, sample("netpoll", "closed-64", 0)) // a later start does not join its line to the half one
	run, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := run.Records(); len(got) != 2 || got[1].Impl != "netpoll" || len(run.Notes()) != 1 {
		t.Errorf("after appending: %d records, notes %q", len(got), run.Notes())
	}
}

func TestWrongFilesAreErrors(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"type":            {`{"schema":1,"conns":"many"}` + "\n", "records.jsonl:1"},
		"text":            {"bare 3.4 us\n", "records.jsonl:1"},
		"schema":          {`{"schema":99}` + "\n", "schema 99"},
		"mixed schemas":   {`{"schema":1,"impl":"bare"}` + "\n" + `{"schema":98,"impl":"bare"}` + "\n", "records.jsonl:2: schema 98"},
		"another program": {`{"benchmark":"echo","ns":7}` + "\n", "another program wrote it"},
		"no server":       {`{"schema":1,"name":"echo"}` + "\n", "not a record"},
		"a JSON document": {"[\n  {\"schema\": 1}\n]\n", "records.jsonl:2"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, recordsFile), []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	for name, read := range map[string]func(string) error{
		envFile: func(dir string) error { _, err := Open(dir); return err },
		conformanceFile: func(dir string) error {
			run, err := Open(dir)
			if err == nil {
				_, err = run.Conformance()
			}
			return err
		},
	} {
		for text, want := range map[string]string{`{"sche`: name, `{"schema":99}`: "schema 99", `{"name":"x"}`: "another program wrote it", `[]`: name} {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := read(dir); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s with %s: error %v, want one with %q", name, text, err, want)
			}
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is not a results folder") {
		t.Errorf("empty folder: %v", err)
	}
}

// Runs are kept for ever, so every later program must read them.
func TestCommittedRunsAreReadable(t *testing.T) {
	files, err := filepath.Glob("*/" + recordsFile)
	if err != nil || len(files) == 0 {
		t.Fatalf("no run is kept here: %v", err)
	}
	for _, file := range files {
		run, err := Open(filepath.Dir(file))
		if err != nil {
			t.Fatal(err)
		}
		if len(run.Records()) == 0 || len(run.Notes()) != 0 {
			t.Errorf("%s: %d records, notes %q", file, len(run.Records()), run.Notes())
		}
		for _, r := range run.Records() {
			if _, err := DecodeHistogram(r.HDR); r.HDR != "" && err != nil {
				t.Fatalf("%s: %s in block %d: %v", file, r.Impl, r.Block, err)
			}
		}
	}
}

func TestFolderName(t *testing.T) {
	at := time.Date(2026, 12, 1, 11, 22, 5, 0, time.FixedZone("CET", 3600))
	if got, want := FolderName(at, "1a2b3c4d5e6f"), "2026-12-01T10-22-05Z-1a2b3c4"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := FolderName(at, ""), "2026-12-01T10-22-05Z-nocommit"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestEnvOfAnotherMachineIsRefused(t *testing.T) {
	dir := t.TempDir()
	here := Env{Schema: 1, EnvID: "aaaa", Programs: []Program{{Impl: "bare", SHA256: "1"}}}
	if err := WriteEnv(dir, here); err != nil {
		t.Fatal(err)
	}
	later := Env{Schema: 1, EnvID: "aaaa", Programs: []Program{{Impl: "gnet", SHA256: "2"}, {Impl: "bare", SHA256: "3"}}}
	if err := WriteEnv(dir, later); err != nil {
		t.Fatal(err)
	}
	run, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := run.Env().Programs; len(got) != 2 || got[0].SHA256 != "3" || got[1].Impl != "gnet" {
		t.Errorf("programs %+v", got)
	}
	if err := WriteEnv(dir, Env{Schema: 1, EnvID: "bbbb"}); err == nil || !strings.Contains(err.Error(), "another machine") {
		t.Errorf("another machine: %v", err)
	}
}
