package results

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func githubFile(t *testing.T, path string) map[string]githubEntry {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var entries []githubEntry
	if err := json.Unmarshal(text, &entries); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	found := make(map[string]githubEntry)
	for _, e := range entries {
		found[e.Name] = e
	}
	if len(found) != len(entries) {
		t.Errorf("%s: a name comes twice, and the second would hide the first", path)
	}
	return found
}

// TestGithubFilesKeepTheDirection: throughput alone is better when it is bigger, and it is in that file alone.
func TestGithubFilesKeepTheDirection(t *testing.T) {
	var records []Record
	for block := range 6 {
		for impl, cost := range map[string]float64{Reference: 3000, "reactor/epoll": 3300} {
			r := sample(impl, "closed-64", block)
			r.ServerCPUPerRequestNs = cost + float64(block)
			records = append(records, r)
		}
	}
	weight, idle, failed := 328.5, sample("reactor/epoll", "idle-2000", 0), sample("gnet", "closed-64", 0)
	idle.Loop, idle.BytesPerIdleConn, idle.RequestsPerSecond = "idle", &weight, 0
	failed.Error = "it died"
	dir := t.TempDir()
	if err := Export(dir, "github", append(records, idle, Record{Impl: failed.Impl, Workload: failed.Workload, Error: failed.Error}), Machine{OS: "linux", Architecture: "amd64"}); err != nil {
		t.Fatal(err)
	}
	bigger, smaller := githubFile(t, filepath.Join(dir, "github-bigger.json")), githubFile(t, filepath.Join(dir, "github-smaller.json"))
	for name := range bigger {
		if !strings.HasSuffix(name, ": throughput") {
			t.Errorf("%s is not better when it is bigger", name)
		}
	}
	if len(bigger) != 2 || bigger["bare, closed-64: throughput"].Value != 1000/0.35 {
		t.Errorf("bigger is better: %+v", bigger)
	}
	cpu := smaller["reactor/epoll, closed-64: server CPU per request"]
	if cpu.Value != 3302.5 || cpu.Unit != "ns" || cpu.Range != "3300 to 3305" || !strings.Contains(cpu.Extra, "6 blocks on linux/amd64") {
		t.Errorf("%+v", cpu)
	}
	if e := smaller["reactor/epoll, idle-2000: memory per idle connection"]; e.Value != weight || e.Range != "" {
		t.Errorf("one block has an interval: %+v", e)
	}
	for name := range smaller {
		if strings.HasSuffix(name, "throughput") || strings.HasPrefix(name, "gnet") {
			t.Errorf("%s should not be here", name)
		}
	}
}
