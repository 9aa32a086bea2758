package results

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func TestConformanceSurvivesTheFile(t *testing.T) {
	dir := t.TempDir()
	written := Conformance{
		Schema: ConformanceSchema, Spec: "echo-conformance 1.0", Time: time.Unix(1, 0).UTC(), Profile: "core", Seed: 7,
		Impls:   []ImplInfo{{Name: "bare", Language: "Go"}, {Name: "libevent", Unavailable: "cc is not installed"}},
		Results: []CheckResult{{Impl: "bare", Slug: "data/one-byte", Level: "MUST", Verdict: "pass", ElapsedMs: 0.5, Seed: 7}},
	}
	if err := written.WriteFile(filepath.Join(dir, conformanceFile)); err != nil {
		t.Fatal(err)
	}
	run, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	read, err := run.Conformance()
	if err != nil || !reflect.DeepEqual(*read, written) {
		t.Errorf("read %+v, %v\nwrote %+v", read, err, written)
	}
}

func TestABrokenConformanceReportIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, conformanceFile), []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	run, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Conformance(); err == nil {
		t.Error("half a report was read without an error")
	}
}
